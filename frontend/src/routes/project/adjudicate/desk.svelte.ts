/** What the screen of whoever settles items knows and does; Adjudicate.svelte draws it. */
import {
  adjudication, ApiError, gold as golden, work, type Asked, type Criterion, type Dispute, type Desk as Info,
  type DrawnQuestion,
} from '../../../api'
import { ActiveTimer } from '../../../lib/activity'
import { announce } from '../../../lib/announce.svelte'
import { asked, isOpen, isQuick, itemOf, open, valueOf, whole, withValue, wordsOf } from '../../../lib/answers'
import { sentence } from '../../../lib/errors'
import { faultOf } from '../../../lib/faults'
import { plural, uuid } from '../../../lib/format'
import { load as loadPrimitives } from '../../../primitives/Primitive.svelte'

/** Cases held at a time: the next is there when one is settled. */
const AHEAD = 3
const AGAIN = 3_000
const AGAIN_WHEN_EMPTY = 15_000
const TAKEN_UP = 5

type Answers = Record<string, unknown>
interface Done {
  one: Dispute
  answers: Answers
  gold: boolean
}
export interface Spot {
  question: DrawnQuestion
  primitive: Asked
}

export class Desk {
  info = $state.raw<Info | null>(null)
  cases = $state.raw<Dispute[]>([])
  /** What texts are reviewed by. */
  rubric = $state.raw<readonly Criterion[]>([])
  given = $state.raw<Answers>({})
  /** The place in `spots` that has the keys. */
  focused = $state(0)
  /** What is settled next becomes gold. */
  gold = $state(false)
  said = $state.raw<{ text: string; undo: boolean } | null>(null)
  missing = $state.raw<{ spot: Spot; fault: string } | null>(null)
  /** Why nothing can be shown, or what the server did not take. */
  failure = $state('')
  refused = $state('')
  offline = $state(false)
  /** The server had nothing to settle when it was asked last. */
  dry = $state(false)
  unsent = $state(0)
  settled = $state(0)
  /** Items that wait in the project, as the server said last. */
  waiting = $state(0)
  readonly questions = $derived(this.info?.form.questions ?? [])
  readonly spots: Spot[] = $derived(this.questions.flatMap((question) => asked(question).map((primitive) => ({ question, primitive }))))
  readonly quick = $derived(isQuick(this.questions))
  readonly timer = new ActiveTimer()
  #chain: Promise<void> = Promise.resolve()
  #done: Done[] = []
  #sent = new Set<string>()
  #timeout: ReturnType<typeof setTimeout> | undefined
  #stopped = false

  constructor(readonly project: number) {}

  get current(): Dispute | undefined {
    return this.cases[0]
  }
  /** The engine's answer to all that must be answered. */
  get proposed(): Answers | undefined {
    const answer = this.current?.answer as Answers | undefined
    return answer && Object.keys(answer).length && this.questions.every((q) => q.optional || answer[q.name] !== undefined) ? answer : undefined
  }

  async start(): Promise<void> {
    await this.#open()
    this.fill()
  }
  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timeout)
  }

  async #open(): Promise<void> {
    try {
      this.info = await adjudication.open(this.project)
      this.waiting = this.info.standing.waiting
      this.failure = ''
      await loadPrimitives(this.questions.flatMap((q) => q.form.primitives))
    } catch (error) {
      this.failure = sentence(error)
    }
  }

  /** One thing after the other reaches the server; while it cannot be reached, it is tried again. */
  #send(task: () => Promise<unknown>, refused = (): void => {}): void {
    this.unsent += 1
    this.#chain = this.#chain.then(async () => {
      while (!this.#stopped) {
        try {
          await task()
          this.offline = false
          break
        } catch (error) {
          if (!(error instanceof ApiError) || !(error.offline || error.status >= 500 || error.status === 429)) {
            this.refused = sentence(error)
            refused()
            break
          }
          this.offline = true
          await new Promise((go) => setTimeout(go, AGAIN))
        }
      }
      this.unsent -= 1
    })
  }

  fill(): void {
    clearTimeout(this.#timeout)
    this.#send(async () => {
      const next = await adjudication.next(this.project, AHEAD)
      if (this.info && next.form_version !== this.info.form_version) {
        await this.#open()
        this.said = { text: 'The questions have changed. What you see now are the new ones.', undo: false }
        this.cases = []
      }
      if (this.info && next.state !== this.info.project.state) this.info = { ...this.info, project: { ...this.info.project, state: next.state as Info['project']['state'] } }
      this.waiting = next.waiting
      this.rubric = next.rubric ?? []
      const there = new Set(this.cases.map((one) => one.assignment))
      this.#show([...this.cases, ...next.cases.filter((one) => !there.has(one.assignment) && !this.#sent.has(one.assignment))])
      if (!this.cases.length) {
        this.info = await adjudication.open(this.project)
        this.dry = true
        if (!this.#stopped) this.#timeout = setTimeout(() => this.fill(), AGAIN_WHEN_EMPTY)
      }
    })
  }

  #show(cases: Dispute[], answers?: Answers): void {
    const before = this.current?.assignment
    this.cases = cases
    if (this.current?.assignment === before) return
    this.focused = 0
    this.missing = null
    this.gold = false
    this.given = answers ?? (this.quick ? {} : { ...(this.current?.answer as Answers | undefined) })
    this.timer.start(document.visibilityState === 'visible')
  }

  /** Notes an answer; where it is all that is asked, it settles the item. */
  answer(spot: Spot, value: unknown, done: boolean): void {
    const answer = withValue(spot.primitive, this.given[spot.question.name], value)
    const { [spot.question.name]: _, ...rest } = this.given
    this.given = answer === undefined ? rest : { ...rest, [spot.question.name]: answer }
    this.missing = null
    if (done && this.quick) return this.settle()
    if (done) {
      const at = this.spots.indexOf(spot)
      const after = this.spots.findIndex((other, i) => i > at && this.#isOpen(other))
      this.focused = after >= 0 ? after : at
    }
  }

  #isOpen({ question, primitive }: Spot): boolean {
    const value = valueOf(primitive, this.given[question.name])
    return value === undefined || isOpen(primitive, value)
  }

  /** Somebody's answer, to be settled with or to begin from. */
  take(answers: Answers): void {
    this.given = { ...this.given, ...answers }
    if (this.quick) this.settle()
    else announce('Taken over. Change it, or settle with it.')
  }

  /** The engine's answer is right: where one key answers, it settles; else it stands there already and is sent. */
  accept(): void {
    if (!this.quick) return this.settle()
    if (this.proposed) this.take(this.proposed)
  }

  settle(): void {
    const one = this.current
    if (!one || !this.info) return
    const question = this.questions.find((q) => !(q.optional && this.given[q.name] === undefined) && open(q, this.given[q.name]))
    if (question) {
      const primitive = open(question, this.given[question.name])!
      const spot = this.spots.find((other) => other.primitive === primitive)!
      this.missing = { spot, fault: faultOf(primitive, valueOf(primitive, this.given[question.name])) || 'This one is still open.' }
      this.focused = this.spots.indexOf(spot)
      return
    }
    const answers = Object.fromEntries(
      this.questions.filter((q) => !q.optional || this.given[q.name] !== undefined).map((q) => [q.name, whole(q, this.given[q.name])]),
    )
    const { gold } = this
    this.#submit(one, 'answer', answers)
    const id = uuid()
    if (gold) this.#send(() => golden.mint(this.project, { id, items: [one.external_id] }))
    this.#done.push({ one, answers, gold })
    this.settled += 1
    const words = this.questions.map((q) => wordsOf(q, answers[q.name], itemOf(q, one.fields as Record<string, string>, one.shown))).filter(Boolean).join(', ')
    this.#leave(`Settled${words ? ` “${words}”` : ''}${gold ? ', and made gold' : ''}.`)
  }

  skip(): void {
    const one = this.current
    if (!one || !this.info) return
    this.#submit(one, 'skip')
    this.#done.push({ one, answers: {}, gold: false })
    this.#leave('Skipped: it waits for somebody else.')
  }

  sendBack(more: number): void {
    const one = this.current
    if (!one) return
    const body = { id: uuid(), assignment: one.assignment, more }
    this.#send(() => adjudication.sendBack(this.project, body))
    this.#leave(`Sent back: ${plural(more, 'more judgement')} will be asked for.`, false)
  }

  note(text: string): void {
    const one = this.current
    if (!one || !text.trim()) return
    const body = { id: uuid(), assignment: one.assignment, text: text.trim() }
    this.#send(() => adjudication.note(this.project, body))
    this.#tell('Noted for the guideline.', false)
  }

  /** Takes the last settled or skipped item back, and shows it again. */
  undo(): void {
    const last = this.#done.pop()
    if (!last) return this.#tell('There is nothing to take back.', false)
    this.#submit(last.one, 'undo')
    this.#sent.delete(last.one.assignment)
    if (Object.keys(last.answers).length) this.settled -= 1
    this.#show([last.one, ...this.cases], this.quick ? {} : last.answers)
    this.#tell(last.gold ? 'Taken back. It is still gold: that is withdrawn where gold is kept.' : 'Taken back.', false)
  }

  /** What was skipped is looked at again. */
  takeUp(): void {
    for (const assignment of this.info?.standing.skipped.slice(0, TAKEN_UP) ?? []) {
      this.#sent.delete(assignment)
      this.#submit({ assignment } as Dispute, 'undo')
    }
    this.fill()
  }

  #submit(one: Dispute, kind: 'answer' | 'skip' | 'undo', answers?: Answers): void {
    const { info } = this
    if (!info) return
    const body = {
      id: uuid(),
      assignment: one.assignment,
      kind,
      form_version: info.form_version,
      guideline_version: info.guideline.version,
      ...(kind === 'undo' ? {} : { seconds: this.timer.seconds() }),
      ...(answers ? { answers } : {}),
    }
    this.#send(
      () => work.submit(this.project, body),
      () => {
        this.#sent.delete(one.assignment)
        this.fill()
      },
    )
  }

  #leave(text: string, undo = true): void {
    const [one, ...rest] = this.cases
    if (one) this.#sent.add(one.assignment)
    this.refused = ''
    this.waiting = Math.max(0, this.waiting - 1)
    this.dry = false
    this.#show(rest)
    this.#tell(text, undo)
    if (rest.length < AHEAD) this.fill()
  }

  #tell(text: string, undo: boolean): void {
    this.said = { text, undo }
    announce(text)
  }
}
