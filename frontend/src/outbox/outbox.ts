/**
 * Answers on their way to the server.
 *
 * - The page never waits: an answer is in the store and on the screen at once, and goes out in the background.
 * - Order: the entries of a project are sent one after another, as they were made.
 * - Once: every entry keeps its id, so sending again after a lost reply is harmless.
 * - One tab sends for all tabs (a Web Lock; without one every tab sends, which the ids make harmless).
 * - A refusal keeps the answer. What concerns the whole project (paused, closed, no access) holds that project; what
 *   concerns one answer (form changed, lease lost) sets this one aside and goes on with the others.
 */
import { ApiError } from '../api/request'
import type { Receipt, Submit } from '../api/types'
import { uuid } from '../lib/format'
import { body, standing, undoing, unseen, type Draft, type Entry, type Refusal } from './entry'
import type { Store } from './store'

/** Sent entries that are kept, so that undo reaches them. */
const KEEP_SENT = 50
const FIRST_DELAY = 500
const LONGEST_DELAY = 30_000
const HOLD_DELAY = 20_000

export type Hold = Refusal & { kind: 'project' | 'notice' }
export interface State {
  /** What the sender is doing, over all projects. */
  line: 'idle' | 'sending' | 'offline' | 'signed-out'
  /** Projects the server takes nothing for at the moment, and why. */
  holds: Record<number, Hold>
}

type Message =
  | { type: 'put'; entry: Entry }
  | { type: 'drop'; id: string }
  | { type: 'state'; state: State }
  | { type: 'wake'; project?: number }
  | { type: 'hello' }
  | { type: 'account'; account: number | null }

export interface Channel {
  postMessage(message: Message): void
  onmessage: ((event: { data: Message }) => void) | null
}

export interface Parts {
  store: Store
  send: (project: number, submit: Submit) => Promise<Receipt>
  channel?: Channel | null
  /** Calls back when this tab may send, and lets it until the promise ends. */
  lock?: (holding: () => Promise<void>) => void
  now?: () => number
  random?: () => number
  onchange?: () => void
  onfail?: (error: unknown) => void
  /** Another tab signed in or out. */
  onaccount?: () => void
}

const PROJECT_REASONS = new Set(['paused', 'closed'])
const AGAIN = new Set([0, 408, 425, 429])

export class Outbox {
  entries: Entry[] = []
  state: State = { line: 'idle', holds: {} }
  #account: number | null = null
  /** The store's numbers of entries; a mirror's entry has none until it is written. */
  #numbers = new Map<string, number>()
  #chain: Promise<unknown> = Promise.resolve()
  #sender = false
  #wake: (() => void) | null = null
  #woken = false
  /** Something has come to be sent since the store was read. */
  #fresh = false
  #delay = FIRST_DELAY
  #stopped = false

  constructor(private readonly parts: Parts) {
    const { channel } = parts
    if (channel) channel.onmessage = ({ data }) => this.#hear(data)
  }

  get durable(): boolean {
    return this.parts.store.durable
  }

  /** Entries of this account and project, oldest first. */
  of(project: number): Entry[] {
    return this.entries.filter((entry) => entry.project === project && entry.account === this.#account)
  }

  /** What has not reached the server yet; with no project, everywhere. */
  unsent(project?: number): Entry[] {
    return this.entries.filter(
      (entry) =>
        entry.state !== 'sent' && entry.account === this.#account && (project === undefined || entry.project === project),
    )
  }

  /** Answers of other people on this device, waiting for them to sign in. */
  others(): number {
    return this.entries.filter((entry) => entry.state !== 'sent' && entry.account !== this.#account).length
  }

  /** Reads what an earlier page left, and starts sending as soon as this tab may. */
  async start(account: number | null): Promise<void> {
    this.#account = account
    this.entries = await this.parts.store.all()
    for (const { id, n } of this.entries) this.#numbers.set(id, n)
    this.#changed()
    this.#post({ type: 'hello' })
    const lock = this.parts.lock ?? ((holding) => void holding())
    lock(() => this.#run())
  }

  stop(): void {
    this.#stopped = true
    this.wake()
  }

  /** Somebody signed in or out. Nobody's answers go out under somebody else's name. */
  as(account: number | null): void {
    if (this.#account === account && this.state.line !== 'signed-out') return
    this.#account = account
    this.state = { line: 'idle', holds: {} }
    this.#post({ type: 'account', account })
    this.#changed()
    this.wake()
  }

  /** Try now instead of after the pause. */
  wake(project?: number): void {
    if (project !== undefined) this.#release(project)
    if (this.#sender && this.state.line === 'signed-out') this.#say({ ...this.state, line: 'idle' })
    this.#delay = FIRST_DELAY
    this.#woken = true
    this.#wake?.()
    if (!this.#sender) this.#post(project === undefined ? { type: 'wake' } : { type: 'wake', project })
  }

  add(draft: Draft): Entry {
    const entry = this.#make(draft)
    this.entries = [...this.entries, entry]
    this.#changed()
    void this.#then(() => this.#write(entry))
    return entry
  }

  /** The last answer or skip that stands, or undefined. */
  last(project: number): Entry | undefined {
    return standing(this.of(project)).at(-1)
  }

  /** Takes back the last answer: before it was sent it is dropped, afterwards an undo follows it. */
  undo(project: number): Entry | undefined {
    const entry = this.last(project)
    if (!entry) return undefined
    const untouched = (e: Entry): boolean => (e.state === 'waiting' && !e.tried) || e.state === 'refused'
    if (!untouched(entry)) {
      this.#undo(entry)
      return entry
    }
    this.#forget(entry)
    void this.#then(async () => {
      let late = false
      await this.#change(entry, (stored) => {
        if (untouched(stored)) return null
        late = true // it went out in the meantime
        return stored
      })
      if (late) {
        this.#remember(entry)
        await this.#undoAtOnce(entry)
      } else this.#post({ type: 'drop', id: entry.id })
    })
    return entry
  }

  /** A refused answer is given up. */
  discard(entry: Entry): void {
    this.#forget(entry)
    void this.#then(async () => {
      await this.#change(entry, () => null)
      this.#post({ type: 'drop', id: entry.id })
      if (!this.unsent(entry.project).length) this.wake(entry.project)
      this.#nudge()
    })
  }

  /** A refused answer is sent again. */
  retry(entry: Entry): void {
    void this.#then(() => this.#mark(entry, { state: 'waiting', refusal: null })).then(() => this.wake(entry.project))
  }

  /** What was told of an answer has been read. */
  see(entry: Entry): void {
    this.#touch(entry, { seen: true })
    void this.#then(() => this.#mark(entry, { seen: true }))
  }

  /** Nothing of this account's stays on the device, unsent answers excepted. */
  async clearSent(): Promise<void> {
    for (const entry of this.entries.filter((e) => e.state === 'sent')) {
      this.#forget(entry)
      await this.#then(() => this.#change(entry, () => null))
      this.#post({ type: 'drop', id: entry.id })
    }
  }

  /** All that was asked of the store is done. */
  settled(): Promise<unknown> {
    return this.#chain
  }

  #undo(entry: Entry): void {
    this.add(undoing(entry))
  }

  /** The undo goes before an answer that was given meanwhile and waits for its turn to be stored, or it would undo that one. */
  async #undoAtOnce(entry: Entry): Promise<void> {
    const undo = this.#make(undoing(entry))
    const at = this.entries.findIndex((e) => e.id === entry.id)
    this.entries = this.entries.toSpliced(at + 1, 0, undo)
    this.#changed()
    await this.#write(undo)
  }

  #make(draft: Draft): Entry {
    if (this.#account === null) throw new Error('nobody is signed in')
    const at = (this.parts.now ?? Date.now)()
    return { ...draft, n: 0, id: uuid(), account: this.#account, at, state: 'waiting', tried: false, refusal: null }
  }

  async #write(entry: Entry): Promise<void> {
    const { n: _, ...fresh } = entry
    const n = await this.parts.store.add(fresh)
    this.#numbers.set(entry.id, n)
    this.#touch(entry, { n })
    this.#post({ type: 'put', entry: { ...entry, n } })
    this.#nudge()
  }

  // ---- sending

  async #run(): Promise<void> {
    this.#sender = true
    while (!this.#stopped) {
      this.#woken = this.#fresh = false
      const pause = await this.#round()
      if (this.#stopped) break
      // What came in the meantime goes out at once, but where the line is lost it waits like the others.
      if (!this.#woken && !(this.#fresh && this.state.line === 'idle')) await this.#sleep(pause)
    }
    this.#sender = false
  }

  /** Sends what can be sent; answers how long to wait, null for until something happens. */
  async #round(): Promise<number | null> {
    await this.#chain
    const account = this.#account
    if (account === null || this.state.line === 'signed-out') return null
    // The store, not the mirror: other tabs put their answers there.
    const all = (await this.parts.store.all()).filter((entry) => entry.account === account)
    const aside = new Set(all.filter((e) => e.state === 'refused').map((e) => e.assignment.id))
    for (const entry of all) {
      if (this.#account !== account || this.#stopped) return null
      if (entry.state !== 'waiting' || this.state.holds[entry.project]) continue
      if (aside.has(entry.assignment.id)) continue
      const tried = await this.#change(entry, (stored) => ({ ...stored, tried: true }))
      if (!tried) continue // undone in the meantime
      // While nothing goes through it stays offline: another try changes nothing for whoever looks.
      if (this.state.line === 'idle') this.#say({ ...this.state, line: 'sending' })
      this.#touch(entry, { tried: true })
      try {
        const { feedback } = await this.parts.send(entry.project, body(entry))
        this.#delay = FIRST_DELAY
        if (this.state.line === 'offline') this.#say({ ...this.state, line: 'sending' })
        const told = feedback ? { feedback, seen: false } : {}
        await this.#mark(entry, { state: 'sent', tried: true, refusal: null, ...told })
      } catch (error) {
        const wait = await this.#failed(entry, error, aside)
        if (wait !== undefined) return wait
      }
    }
    await this.#trim()
    if (this.state.line !== 'idle') this.#say({ ...this.state, line: 'idle' })
    return Object.keys(this.state.holds).length ? HOLD_DELAY : null
  }

  /** Answers how long to wait before anything is sent again; undefined: go on with the next entry. */
  async #failed(entry: Entry, error: unknown, aside: Set<string>): Promise<number | null | undefined> {
    if (!(error instanceof ApiError)) {
      this.parts.onfail?.(error)
      error = new ApiError(0, { code: 'offline', message: String(error) })
    }
    const { status, code, reason, message, retryAfter } = error as ApiError
    if (AGAIN.has(status) || status >= 500) {
      this.#say({ ...this.state, line: 'offline' })
      const random = (this.parts.random ?? Math.random)()
      const pause = this.#delay * (0.5 + random)
      this.#delay = Math.min(this.#delay * 2, LONGEST_DELAY)
      return Math.max(pause, (retryAfter ?? 0) * 1000)
    }
    if (status === 401) {
      this.#say({ ...this.state, line: 'signed-out' })
      return null
    }
    const refusal: Refusal = { status, code, reason: reason ?? null, message }
    if (status === 403 || (reason !== undefined && PROJECT_REASONS.has(reason))) {
      const kind = reason === 'notice' ? 'notice' : 'project'
      this.#say({ ...this.state, holds: { ...this.state.holds, [entry.project]: { ...refusal, kind } } })
      return undefined
    }
    if (entry.kind === 'undo' && reason === 'nothing_to_undo') {
      await this.#mark(entry, { state: 'sent', tried: true, refusal: null })
      return undefined
    }
    // Refused and then taken back: as if it had never been.
    const undo = this.entries.find((e) => e.kind === 'undo' && e.state === 'waiting' && e.assignment.id === entry.assignment.id)
    if (entry.kind !== 'undo' && undo) {
      for (const gone of [entry, undo]) {
        this.#forget(gone)
        await this.#change(gone, () => null)
        this.#post({ type: 'drop', id: gone.id })
      }
      return undefined
    }
    aside.add(entry.assignment.id)
    await this.#mark(entry, { state: 'refused', tried: true, refusal })
    return undefined
  }

  async #trim(): Promise<void> {
    const mine = this.entries.filter((e) => e.account === this.#account)
    const kept = new Set(unseen(mine))
    const sent = mine.filter((e) => e.state === 'sent' && !kept.has(e))
    for (const entry of sent.slice(0, Math.max(0, sent.length - KEEP_SENT))) {
      this.#forget(entry)
      await this.#change(entry, () => null)
      this.#post({ type: 'drop', id: entry.id })
    }
  }

  #release(project: number): void {
    const { [project]: held, ...holds } = this.state.holds
    if (held) this.#say({ ...this.state, holds })
  }

  #sleep(ms: number | null): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === null ? undefined : setTimeout(() => {
        // What was held is asked about again.
        if (Object.keys(this.state.holds).length) this.state = { ...this.state, holds: {} }
        done()
      }, ms)
      const done = (): void => {
        clearTimeout(timer)
        this.#wake = null
        resolve()
      }
      this.#wake = done
    })
  }

  /** There is something new to send: wakes a sender that sleeps for lack of work, not one that waits for the network. */
  #nudge(): void {
    this.#fresh = true
    if (this.state.line === 'idle') this.#wake?.()
  }

  // ---- the mirror, the store and the other tabs

  #then<T>(step: () => Promise<T>): Promise<T | undefined> {
    const next = this.#chain.then(step)
    this.#chain = next.catch((error: unknown) => this.parts.onfail?.(error))
    return next.catch(() => undefined)
  }

  #change(entry: Entry, how: (stored: Entry) => Entry | null): Promise<Entry | null> {
    const n = entry.n || this.#numbers.get(entry.id)
    return n === undefined ? Promise.resolve(null) : this.parts.store.change(n, how)
  }

  async #mark(entry: Entry, change: Partial<Entry>): Promise<void> {
    await this.#change(entry, (stored) => ({ ...stored, ...change }))
    this.#touch(entry, change)
    const now = this.entries.find((e) => e.id === entry.id)
    if (now) this.#post({ type: 'put', entry: now })
  }

  #touch(entry: Entry, change: Partial<Entry>): void {
    // Undone in the meantime: it does not come back.
    const mirrored = this.entries.find((e) => e.id === entry.id)
    if (mirrored) this.#put({ ...mirrored, ...change })
  }

  #put(entry: Entry): void {
    const at = this.entries.findIndex((e) => e.id === entry.id)
    this.entries = at < 0 ? [...this.entries, entry] : this.entries.with(at, { ...entry, n: entry.n || this.entries[at]!.n })
    this.#changed()
  }

  #remember(entry: Entry): void {
    this.#put({ ...entry, tried: true })
    this.entries = this.entries.toSorted((a, b) => (a.n || Infinity) - (b.n || Infinity))
  }

  #forget(entry: Entry): void {
    this.entries = this.entries.filter((e) => e.id !== entry.id)
    this.#changed()
  }

  #hear(message: Message): void {
    switch (message.type) {
      case 'put':
        this.#numbers.set(message.entry.id, message.entry.n)
        this.#put(message.entry)
        if (message.entry.state === 'waiting') this.#nudge()
        break
      case 'drop':
        this.entries = this.entries.filter((e) => e.id !== message.id)
        this.#changed()
        break
      case 'state':
        this.state = message.state
        this.#changed()
        break
      case 'wake':
        if (this.#sender) this.wake(message.project)
        break
      case 'account':
        if (message.account !== this.#account) {
          this.#account = message.account
          this.state = { line: 'idle', holds: {} }
          this.#changed()
          this.parts.onaccount?.()
          this.wake()
        }
        break
      case 'hello':
        if (this.#sender) this.#post({ type: 'state', state: this.state })
        break
    }
  }

  #say(state: State): void {
    this.state = state
    this.#post({ type: 'state', state })
    this.#changed()
  }

  #post(message: Message): void {
    this.parts.channel?.postMessage(message)
  }

  #changed(): void {
    this.parts.onchange?.()
  }
}
