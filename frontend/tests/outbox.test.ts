/** The outbox against a server made of a map: order, once only, refusals, undo, faults at every step. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApiError } from '../src/api/request'
import type { Feedback, Receipt, Submit } from '../src/api/types'
import type { Draft, Entry } from '../src/outbox/entry'
import { standing, unseen } from '../src/outbox/entry'
import { Outbox, type Channel } from '../src/outbox/outbox'
import { InMemory } from '../src/outbox/store'

const ME = 1
const draft = (item: string, kind: Draft['kind'] = 'answer', project = 1): Draft => ({
  project,
  assignment: { id: item, fields: {}, leased_until: 0 },
  kind,
  answers: kind === 'answer' ? { q: item } : null,
  seconds: 1,
  form_version: 1,
  guideline_version: 1,
})
const refusal = (status: number, reason?: string): ApiError =>
  new ApiError(status, { code: 'conflict', message: 'no', ...(reason ? { reason } : {}) })

class Server {
  taken: Submit[] = []
  tries = 0
  /** Answers what to throw for this try, before or after taking it. */
  fault: (submit: Submit, project: number) => { before?: Error; after?: Error } | undefined = () => undefined

  /** What is told of an answer: the same however often it is sent. */
  told: (submit: Submit) => Feedback | null = () => null

  send = async (project: number, submit: Submit): Promise<Receipt> => {
    this.tries += 1
    await new Promise((resolve) => setTimeout(resolve, 0))
    const fault = this.fault(submit, project)
    if (fault?.before) throw fault.before
    if (!this.taken.some((t) => t.id === submit.id)) this.taken.push(submit)
    if (fault?.after) throw fault.after
    return { id: submit.id, assignment: submit.assignment, kind: submit.kind, seq: this.taken.length, surplus: false, leased_until: null, feedback: this.told(submit) }
  }
  get said(): string[] {
    return this.taken.map((t) => `${t.kind} ${t.assignment}`)
  }
}

function settle(until: () => boolean, ms = 4000): Promise<void> {
  const end = Date.now() + ms
  return new Promise((resolve, reject) => {
    const look = (): void => {
      if (until()) resolve()
      else if (Date.now() > end) reject(new Error('it did not settle'))
      else setTimeout(look, 2)
    }
    look()
  })
}

async function open(server: Server, store = new InMemory(), channel: Channel | null = null): Promise<Outbox> {
  const outbox = new Outbox({ store, send: (project, submit) => server.send(project, submit), channel, random: () => 0 })
  await outbox.start(ME)
  return outbox
}
const empty = (outbox: Outbox) => () => outbox.unsent().length === 0

test('answers go out in order, once', async () => {
  const server = new Server()
  const outbox = await open(server)
  for (let i = 0; i < 20; i += 1) outbox.add(draft(`a${i}`))
  await settle(empty(outbox))
  assert.deepEqual(server.said, Array.from({ length: 20 }, (_, i) => `answer a${i}`))
  outbox.stop()
})

test('lost requests and lost replies: everything arrives once, in order', async () => {
  const server = new Server()
  const outbox = await open(server)
  let n = 0
  server.fault = () => {
    n += 1
    const lost = new ApiError(0, { code: 'offline', message: '' })
    return n % 7 === 1 ? { before: lost } : n % 5 === 2 ? { after: new ApiError(503, { code: 'error', message: '' }) } : undefined
  }
  const waking = setInterval(() => outbox.wake(), 3) // instead of half a minute of back-off
  for (let i = 0; i < 60; i += 1) outbox.add(draft(`a${i}`))
  await settle(empty(outbox), 10_000)
  clearInterval(waking)
  assert.deepEqual(server.said, Array.from({ length: 60 }, (_, i) => `answer a${i}`))
  assert.ok(server.tries > 60)
  outbox.stop()
})

test('back-off doubles and keeps to what the server asks for', async () => {
  const server = new Server()
  const times: number[] = []
  server.fault = () => {
    times.push(performance.now())
    return times.length < 3 ? { before: refusal(500) } : undefined
  }
  const outbox = await open(server)
  outbox.add(draft('a'))
  await settle(empty(outbox))
  assert.ok(times[1]! - times[0]! >= 245, `${times[1]! - times[0]!}`)
  assert.ok(times[2]! - times[1]! >= 495, `${times[2]! - times[1]!}`)
  outbox.stop()
})

test('an answer that is given while the first after a lost line is on its way goes out with it', async () => {
  const server = new Server()
  const lost = { before: new ApiError(0, { code: 'offline', message: '' }) }
  server.fault = () => lost
  const outbox = await open(server)
  outbox.add(draft('a'))
  await settle(() => outbox.state.line === 'offline')
  const { send } = server
  server.fault = () => undefined
  server.send = async (project, submit) => {
    if (submit.assignment === 'a') {
      outbox.add(draft('b'))
      await outbox.settled()
      assert.equal(outbox.state.line, 'offline')
    }
    return send(project, submit)
  }
  outbox.wake()
  await settle(empty(outbox))
  assert.deepEqual(server.said, ['answer a', 'answer b'])
  outbox.stop()
})

test('an answer given while the line is lost waits as long as the others', async () => {
  const server = new Server()
  const busy = { before: new ApiError(429, { code: 'busy', message: '' }, 0.3) }
  server.fault = () => (server.tries === 1 ? busy : undefined)
  const outbox = await open(server)
  const { send } = server
  server.send = async (project, submit) => {
    if (server.tries === 0) outbox.add(draft('b'))
    return send(project, submit)
  }
  const began = performance.now()
  outbox.add(draft('a'))
  await settle(() => server.tries > 1)
  assert.ok(performance.now() - began >= 245, 'what the server asks for is waited for')
  await settle(empty(outbox))
  assert.deepEqual(server.said, ['answer a', 'answer b'])
  outbox.stop()
})

test('undo before it was sent: it never leaves', async () => {
  const server = new Server()
  server.fault = () => ({ before: new ApiError(0, { code: 'offline', message: '' }) })
  const outbox = await open(server)
  outbox.add(draft('a'))
  await settle(() => outbox.state.line === 'offline')
  outbox.add(draft('b'))
  assert.equal(outbox.undo(1)?.assignment.id, 'b')
  assert.equal(outbox.unsent().length, 1)
  server.fault = () => undefined
  await outbox.settled()
  outbox.wake()
  await settle(empty(outbox))
  assert.deepEqual(server.said, ['answer a'])
  outbox.stop()
})

test('undo at once, before the store has written it', async () => {
  const server = new Server()
  const outbox = await open(server)
  outbox.add(draft('a'))
  outbox.undo(1)
  await outbox.settled()
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(outbox.unsent().length, 0)
  // Either it never left, or an undo followed it.
  assert.deepEqual(server.said, server.said.length ? ['answer a', 'undo a'] : [])
  assert.equal(standing(outbox.of(1)).length, 0)
  outbox.stop()
})

test('undo of what may have arrived follows it, and the new answer follows the undo', async () => {
  const server = new Server()
  server.fault = () => ({ after: new ApiError(0, { code: 'offline', message: '' }) })
  const outbox = await open(server)
  outbox.add(draft('a'))
  await settle(() => outbox.state.line === 'offline')
  outbox.undo(1)
  outbox.add(draft('a'))
  server.fault = () => undefined
  await outbox.settled()
  outbox.wake()
  await settle(empty(outbox))
  assert.deepEqual(server.said, ['answer a', 'undo a', 'answer a'])
  assert.equal(standing(outbox.of(1)).length, 1)
  outbox.stop()
})

test('undo reaches what was sent, also after a reload', async () => {
  const server = new Server()
  const store = new InMemory()
  const first = await open(server, store)
  first.add(draft('a'))
  first.add(draft('b'))
  await settle(empty(first))
  first.stop()
  const second = await open(server, store)
  assert.equal(second.undo(1)?.assignment.id, 'b')
  assert.equal(second.undo(1)?.assignment.id, 'a')
  assert.equal(second.undo(1), undefined)
  await second.settled()
  await settle(empty(second))
  assert.deepEqual(server.said, ['answer a', 'answer b', 'undo b', 'undo a'])
  second.stop()
})

test('a paused project holds its own answers only', async () => {
  const server = new Server()
  server.fault = (_, project) => (project === 1 ? { before: refusal(409, 'paused') } : undefined)
  const outbox = await open(server)
  outbox.add(draft('a'))
  outbox.add(draft('b'))
  outbox.add(draft('x', 'answer', 2))
  await settle(() => outbox.unsent(2).length === 0 && !!outbox.state.holds[1])
  assert.equal(outbox.state.holds[1]?.reason, 'paused')
  assert.equal(outbox.unsent(1).length, 2)
  assert.equal(server.tries, 2, 'the second answer is not tried while the project is held')
  server.fault = () => undefined
  outbox.wake(1)
  await settle(empty(outbox))
  assert.deepEqual(server.said, ['answer x', 'answer a', 'answer b'])
  outbox.stop()
})

test('a refused answer is set aside and the others go on', async () => {
  const server = new Server()
  server.fault = (s) => (s.assignment === 'a' ? { before: refusal(409, 'form_changed') } : undefined)
  const outbox = await open(server)
  for (const id of ['a', 'b', 'c']) outbox.add(draft(id))
  await settle(() => outbox.unsent().length === 1)
  const [left] = outbox.unsent()
  assert.equal(left?.state, 'refused')
  assert.equal(left?.refusal?.reason, 'form_changed')
  assert.deepEqual(server.said, ['answer b', 'answer c'])
  server.fault = () => undefined
  outbox.retry(left!)
  await settle(empty(outbox))
  assert.deepEqual(server.said, ['answer b', 'answer c', 'answer a'])
  outbox.stop()
})

test('a refused answer can be discarded, or taken back', async () => {
  const server = new Server()
  server.fault = () => ({ before: refusal(409, 'lease_lost') })
  const outbox = await open(server)
  outbox.add(draft('a'))
  outbox.add(draft('b'))
  await settle(() => outbox.unsent().every((e) => e.state === 'refused'))
  outbox.discard(outbox.unsent()[0]!)
  assert.equal(outbox.undo(1)?.assignment.id, 'b')
  await outbox.settled()
  assert.equal(outbox.unsent().length, 0)
  assert.equal((await (outbox as unknown as { parts: { store: InMemory } }).parts.store.all()).length, 0)
  outbox.stop()
})

test('a lost sign-in waits; nobody sends for somebody else', async () => {
  const server = new Server()
  server.fault = () => ({ before: refusal(401) })
  const outbox = await open(server)
  outbox.add(draft('a'))
  await settle(() => outbox.state.line === 'signed-out')
  server.fault = () => undefined
  outbox.as(2)
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.deepEqual(server.said, [])
  assert.equal(outbox.unsent().length, 0)
  assert.equal(outbox.others(), 1)
  outbox.as(ME)
  await settle(empty(outbox))
  assert.deepEqual(server.said, ['answer a'])
  outbox.stop()
})

test('two tabs: one sends, both know', async () => {
  const server = new Server()
  const store = new InMemory()
  const ends: Channel[] = []
  const channel = (): Channel => {
    const mine: Channel = {
      onmessage: null,
      postMessage: (message) => {
        for (const other of ends) if (other !== mine) queueMicrotask(() => other.onmessage?.({ data: structuredClone(message) }))
      },
    }
    ends.push(mine)
    return mine
  }
  let free = true
  const waiting: (() => Promise<void>)[] = []
  const lock = (holding: () => Promise<void>): void => {
    if (!free) {
      waiting.push(holding)
      return
    }
    free = false
    void holding().then(() => {
      free = true
      const next = waiting.shift()
      if (next) lock(next)
    })
  }
  const make = async (): Promise<Outbox> => {
    const outbox = new Outbox({ store, send: (project, submit) => server.send(project, submit), channel: channel(), lock })
    await outbox.start(ME)
    return outbox
  }
  const one = await make()
  const two = await make()
  one.add(draft('a'))
  two.add(draft('b'))
  await settle(() => one.unsent().length === 0 && two.unsent().length === 0)
  assert.equal(server.taken.length, 2)
  assert.equal(two.of(1).length, 2)
  one.stop() // the sending tab closes: the other takes over
  two.add(draft('c'))
  await settle(empty(two))
  assert.equal(server.tries, 3)
  two.stop()
})

test('sent entries are kept for undo, but not for ever', async () => {
  const server = new Server()
  const outbox = await open(server)
  for (let i = 0; i < 80; i += 1) outbox.add(draft(`a${i}`))
  await settle(empty(outbox))
  await settle(() => outbox.entries.length <= 50)
  await outbox.clearSent()
  assert.deepEqual(outbox.entries satisfies Entry[], [])
  outbox.stop()
})

test('an answer taken back in the moment in which it goes out, and given anew at once: the undo comes between', async () => {
  /** Calls back when the sender has marked an entry as tried, before the mirror knows. */
  class Racing extends InMemory {
    ontried: (() => void) | undefined
    override async change(n: number, how: (entry: Entry) => Entry | null): Promise<Entry | null> {
      const changed = await super.change(n, how)
      const then = changed?.tried ? this.ontried : undefined
      if (then) {
        this.ontried = undefined
        then()
      }
      return changed
    }
  }
  const server = new Server()
  const store = new Racing()
  const outbox = await open(server, store)
  store.ontried = () => {
    assert.ok(outbox.undo(1))
    outbox.add({ ...draft('a'), answers: { q: 'second' } })
  }
  outbox.add(draft('a'))
  await settle(() => server.taken.length === 3 && outbox.unsent().length === 0)
  assert.deepEqual(server.said, ['answer a', 'undo a', 'answer a'])
  assert.deepEqual(server.taken.at(-1)?.answers, { q: 'second' })
  assert.deepEqual(standing(outbox.entries).map((e) => e.answers), [{ q: 'second' }])
  outbox.stop()
})

const feedback = (answer: unknown): Feedback => ({ score: 0, marks: { q: 0 }, answers: { q: [answer] }, reason: 'So.', training: null })

test('what was told of an answer is kept until it is seen, over lost replies and a reload', async () => {
  const server = new Server()
  server.told = ({ assignment }) => (assignment === 'b' ? null : feedback(assignment))
  let lost = 2
  server.fault = () => (lost-- > 0 ? { after: new ApiError(0, { code: 'offline', message: '' }) } : undefined)
  const store = new InMemory()
  const first = await open(server, store)
  for (const item of ['a', 'b', 'c']) first.add(draft(item))
  for (let n = 0; n < 3; n += 1) {
    await settle(() => first.state.line !== 'sending')
    first.wake()
  }
  await settle(empty(first))
  await first.settled()
  first.stop()
  const again = await open(server, store)
  assert.deepEqual(unseen(again.of(1)).map((e) => [e.assignment.id, e.feedback]), [['a', feedback('a')], ['c', feedback('c')]])
  again.see(unseen(again.of(1))[0]!)
  assert.deepEqual(unseen(again.of(1)).map((e) => e.assignment.id), ['c'])
  await again.settled()
  again.stop()
  const later = await open(server, store)
  assert.deepEqual(unseen(later.of(1)).map((e) => e.assignment.id), ['c'])
  later.stop()
})

test('of an answer that was taken back nothing is told, and what is not seen is not thrown away', async () => {
  const server = new Server()
  server.told = ({ assignment, kind }) => (kind === 'answer' && ['a', 'b'].includes(assignment) ? feedback(assignment) : null)
  const outbox = await open(server)
  outbox.add(draft('a'))
  outbox.add(draft('b'))
  await settle(empty(outbox))
  outbox.undo(1)
  for (let n = 0; n < 60; n += 1) outbox.add(draft(`x${n}`))
  await settle(empty(outbox))
  await settle(() => outbox.of(1).length <= 51)
  assert.deepEqual(unseen(outbox.of(1)).map((e) => e.assignment.id), ['a'])
  outbox.stop()
})
