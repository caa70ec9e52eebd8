/** What the workbench knows and does; Work.svelte draws it. */
import { ApiError, work, type Asked, type Assignment, type DrawnQuestion, type Next, type Progress, type Standing, type Work } from '../../api'
import { ActiveTimer } from '../../lib/activity'
import { announce } from '../../lib/announce.svelte'
import { loadAhead } from '../../lib/images'
import { asked, isOpen, isQuick, itemOf, open, valueOf, whole, withValue, wordsOf } from '../../lib/answers'
import { Drafts, storageOf } from '../../lib/drafts'
import { faultOf } from '../../lib/faults'
import { load as loadMarkdown } from '../../primitives/Markdown.svelte'
import { load as loadPrimitives } from '../../primitives/Primitive.svelte'
import { Care } from './care.svelte'
import { textOf } from './words'
import { openOutbox, standing, sync, unseen, type Entry } from '../../outbox/index.svelte'
import { AHEAD, Feed, OFFLINE } from '../../outbox/feed'
import type { Outbox } from '../../outbox/outbox'

const AGAIN_WHEN_EMPTY = 15_000
const AGAIN_WHEN_MORE = 400
const AGAIN_WHEN_LOST = 3_000

export interface Said {
  text: string
  undo: boolean
}

/** What is asked in one place: a primitive of a question. */
export interface Spot {
  question: DrawnQuestion
  primitive: Asked
}

/** What stands in the place of an item: what was right, a training's first page, a break, what somebody decided. */
export type Aside = '' | 'told' | 'intro' | 'rest' | 'paused' | 'barred'

export class Workbench {
  info = $state.raw<Work | null>(null)
  items = $state.raw<Assignment[]>([])
  /** What is asked now: of a text that is reviewed, the rubric's criteria. While it stays the same nothing is drawn anew. */
  readonly questions: DrawnQuestion[] = $derived(this.#questionsOf(this.current))
  readonly spots: Spot[] = $derived(
    this.questions.flatMap((question) => asked(question).map((primitive) => ({ question, primitive }))),
  )
  /** Answers to the item on the screen, by question. */
  given = $state.raw<Record<string, unknown>>({})
  /** The place in `spots` that has the keys. */
  focused = $state(0)
  failure = $state.raw<ApiError | null>(null)
  /** The last time the server was asked for items it answered. */
  reachable = $state(true)
  /** The server has nothing more at the moment. */
  dry = $state(false)
  said = $state.raw<Said | null>(null)
  /** The spot without which the answers cannot be sent, and what is wrong there. */
  missing = $state.raw<{ spot: Spot; fault: string } | null>(null)
  offline = $state<'no' | 'loading' | 'ready'>('no')
  guidelineChanged = $state(false)
  #judged = $state(0)
  #opened = $state(0)

  /** Trainings whose first page was read. */
  #begun = $state.raw<readonly string[]>([])

  readonly timer = new ActiveTimer()
  readonly care: Care
  readonly #drafts: Drafts
  #feed = new Feed()
  #outbox: Outbox | null = null
  #asking = false
  #timeout: ReturnType<typeof setTimeout> | undefined
  #stopped = false
  /** There were answers that had not arrived when it was last looked at. */
  #waited = false
  /** The item that was painted last. A key for one that was not is for the item before it, and does nothing. */
  seen = $state<string>()

  constructor(
    readonly project: number,
    private readonly account: number,
  ) {
    this.care = new Care(project)
    this.#drafts = new Drafts(account, storageOf())
    this.#drafts.tidy()
  }

  get current(): Assignment | undefined {
    return this.items[0]
  }
  #questionsOf(item: Assignment | undefined): DrawnQuestion[] {
    return item?.review?.form.questions ?? this.info?.form.questions ?? []
  }
  /** One press of a key answers everything. */
  get quick(): boolean {
    return isQuick(this.questions)
  }
  get single(): boolean {
    return this.spots.length === 1
  }
  /** What a model answered to a question of the item on the screen. */
  suggestion(question: DrawnQuestion): unknown {
    return this.current?.suggestions?.[question.name]
  }
  /** How many questions are answered, of how many. */
  get done(): number {
    return this.questions.filter((question) => this.given[question.name] !== undefined && !open(question, this.given[question.name])).length
  }
  get judgedToday(): number {
    return (this.info?.today.judged ?? 0) + this.#opened + this.#judged
  }
  get left(): number {
    return this.dry && !this.items.length ? 0 : Math.max(this.items.length, (this.info?.left ?? 0) - this.#judged - this.#opened)
  }
  get waiting(): Entry[] {
    return sync.unsent(this.project).filter((e) => e.state === 'waiting')
  }
  get refused(): Entry[] {
    return sync.unsent(this.project).filter((e) => e.state === 'refused')
  }

  get standing(): Standing | null {
    return this.info?.standing ?? null
  }
  /** Items are training's: after each one hears what was right. */
  get training(): boolean {
    return this.standing?.training != null && this.standing.held !== 'barred' && this.standing.held !== 'paused'
  }
  /** How far the training is, what was just told included. */
  get far(): Progress | null {
    return this.told?.feedback?.training ?? (this.training ? this.standing!.training : null)
  }
  /** A training item whose answer was told, and which has not been read yet. */
  get told(): Entry | undefined {
    return unseen(sync.of(this.project)).find((entry) => entry.feedback!.training)
  }
  /** What was told of an item of work. */
  get remark(): Entry | undefined {
    return unseen(sync.of(this.project)).findLast((entry) => !entry.feedback!.training)
  }
  readonly aside: Aside = $derived.by(() => {
    if (!this.info || this.failure || this.info.project.state !== 'open') return ''
    if (this.told) return 'told'
    if (this.standing?.held === 'paused' || this.standing?.held === 'barred') return this.standing.held
    if (this.care.resting) return 'rest'
    const fresh = this.training && this.standing!.training!.done === 0 && !this.#begun.includes(this.#trainingKey)
    return fresh && this.current ? 'intro' : ''
  })
  /** The answer to a training item is on its way, and what was right comes back in a moment. */
  get checking(): boolean {
    return this.training && this.waiting.some((e) => e.kind === 'answer') && this.reachable && sync.state.line !== 'offline'
  }
  get #trainingKey(): string {
    return `${this.standing?.held} ${this.info?.guideline.version} ${this.standing?.training?.tries}`
  }
  /** The training's first page was read. */
  begin(): void {
    this.#begun = [...this.#begun, this.#trainingKey]
    this.guidelineChanged = false
    this.#restart()
  }
  /** What was told has been read; where it ended a training, what comes next is asked for. */
  goOn(entry: Entry): void {
    this.#outbox?.see(entry)
    const far = entry.feedback!.training
    if (far?.outcome) {
      this.#feed.clear()
      void this.fill(true)
    } else if (far && this.info?.standing?.training)
      this.info = { ...this.info, standing: { ...this.info.standing, training: far } }
    this.#show()
    this.#restart()
  }
  see(entry: Entry): void {
    this.#outbox?.see(entry)
  }
  /** Time counts from here on. */
  #restart(): void {
    if (this.current) this.timer.start(document.visibilityState === 'visible')
  }

  async start(): Promise<void> {
    // All at once; the items that the first answer brings may be fewer than wanted when answers still wait here.
    const first = work.next(this.project, AHEAD).catch(() => null)
    const [outbox] = await Promise.all([openOutbox(this.account), this.#open()])
    this.#outbox = outbox
    const next = await first
    if (next && this.info && next.form_version === this.info.form_version) this.#take(next)
    await this.fill(this.items.length === 0)
    this.care.start()
  }

  stop(): void {
    this.#stopped = true
    this.care.stop()
    clearTimeout(this.#timeout)
    this.keep()
  }

  /** Writes down what is being answered: the page may be about to go. */
  keep(): void {
    this.#drafts.flush()
  }

  async #open(): Promise<void> {
    try {
      const { form, form_version } = this.info ?? {}
      const info = await work.open(this.project)
      // The same form stays the same object: whoever is writing an answer goes on writing.
      this.info = form && info.form_version === form_version ? { ...info, form } : info
      this.#judged = 0
      this.#opened = this.waiting.filter((e) => e.kind === 'answer').length
      this.failure = null
      this.reachable = true
      if (this.info.form.fields.some((f) => f.show === 'markdown')) await loadMarkdown()
      await loadPrimitives(this.questions.flatMap((q) => q.form.primitives))
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.offline || error.status >= 500) this.reachable = false
      if (!this.info || [403, 404].includes(error.status)) this.failure = error
    }
  }

  /** Asks for items when few are left. Never more than one question to the server at a time. */
  async fill(force = false): Promise<void> {
    if (this.#asking || this.#stopped || !this.#outbox) return
    if (!force && !this.#feed.low) return
    this.#asking = true
    clearTimeout(this.#timeout)
    let again: number | null = null
    try {
      if (!this.info) await this.#open()
      if (!this.info) throw this.failure ?? new ApiError(0, { code: 'offline', message: '' })
      const next = await work.next(this.project, this.#feed.count(this.waiting.length))
      this.reachable = true
      this.failure = null
      if (next.form_version !== this.info.form_version || next.guideline_version !== this.info.guideline.version)
        await this.#changed(next.form_version)
      this.#take(next)
      if (this.#feed.target === OFFLINE) this.offline = 'ready'
      if (!this.items.length) again = next.left > 0 ? AGAIN_WHEN_MORE : AGAIN_WHEN_EMPTY
      else if (this.#feed.low && next.left > 0) again = AGAIN_WHEN_LOST
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.offline || error.status >= 500 || error.status === 429) this.reachable = false
      else if (error.status !== 401) this.failure = error
      again = Math.max(AGAIN_WHEN_LOST, (error.retryAfter ?? 0) * 1000)
    } finally {
      this.#asking = false
    }
    if (again !== null && !this.#stopped) this.#timeout = setTimeout(() => void this.fill(true), again)
  }

  #take(next: Next): void {
    if (this.info && next.state !== this.info.project.state)
      this.info = { ...this.info, project: { ...this.info.project, state: next.state } }
    const before = this.standing?.held
    // Only where it is another: whoever looks at what is known here asks for more.
    const standing = next.standing ?? null
    if (this.info && JSON.stringify(standing) !== JSON.stringify(this.standing)) this.info = { ...this.info, standing }
    // What was held for another purpose is not judged any more.
    if (this.standing?.held !== before) this.#feed.clear()
    this.#feed.merge(next, (id) => this.#isJudged(id))
    const review = next.assignments.find((item) => item.review)
    if (review) void loadPrimitives(this.#questionsOf(review).flatMap((q) => q.form.primitives))
    this.dry = next.left === 0
    this.#show()
  }

  /** The form or the guideline has a new version. Items drawn with an old form are not answered any more. */
  async #changed(form: number): Promise<void> {
    const old = this.info
    await this.#open()
    if (old && form !== old.form_version) {
      this.given = {}
      this.focused = 0
      this.said = { text: 'The questions have changed. What you see now are the new ones.', undo: false }
    } else {
      this.guidelineChanged = true
      this.said = { text: 'The guideline has changed.', undo: false }
    }
  }

  #isJudged(id: string): boolean {
    return standing(sync.of(this.project)).some((e) => e.assignment.id === id)
  }

  /** Another tab answered what is waiting here; or the last answer has arrived, which may have made something due. */
  tidy(): void {
    const waits = this.waiting.length > 0
    if (this.#waited && !waits && !this.items.length) void this.fill(true)
    this.#waited = waits
    const standingIds = new Set(standing(sync.of(this.project)).map((e) => e.assignment.id))
    for (const item of this.#feed.items) if (standingIds.has(item.id)) this.#feed.drop(item.id)
    if (this.#feed.items !== this.items) this.#show()
  }

  #show(given?: Record<string, unknown>): void {
    const before = this.items[0]?.id
    this.items = this.#feed.items
    const now = this.items[0]
    if (now?.id !== before) this.#begin(now, given)
    if (now && now.id !== before) {
      requestAnimationFrame(() => (this.seen = now.id))
      this.timer.start(document.visibilityState === 'visible')
    }
    const images = (this.info?.form.fields ?? []).filter((f) => f.show === 'image').map((f) => f.name)
    if (images.length)
      loadAhead(this.items.flatMap((item) => images.map((name) => item.fields[name] ?? '')).filter(Boolean))
  }

  /** An item comes to the screen: with answers that were taken back, those that were begun, or a model's. */
  #begin(item: Assignment | undefined, given?: Record<string, unknown>): void {
    this.focused = 0
    this.missing = null
    const draft = item && this.info && !given ? this.#drafts.read(item.id, this.info.form_version) : undefined
    if (draft) this.said = { text: 'What you had begun here is back.', undo: false }
    this.given = given ?? draft ?? (this.quick ? {} : { ...item?.suggestions })
  }

  /** Notes an answer. Where it is all that is asked it is sent at once; else, when `done`, the next open spot follows. */
  answer(spot: Spot, value: unknown, done: boolean): void {
    // What is being written is kept, however soon it comes.
    if (done ? !this.ready : !this.#there) return
    const answer = withValue(spot.primitive, this.given[spot.question.name], value)
    const { [spot.question.name]: _, ...rest } = this.given
    this.given = answer === undefined ? rest : { ...rest, [spot.question.name]: answer }
    this.missing = null
    if (done && this.quick) return this.submit()
    if (this.current && this.info) this.#drafts.note(this.current.id, this.info.form_version, this.given)
    if (done) {
      const at = this.spots.indexOf(spot)
      const after = this.spots.findIndex((other, i) => i > at && this.#isOpen(other))
      const first = this.spots.findIndex((other) => this.#isOpen(other))
      this.focused = after >= 0 ? after : first >= 0 ? first : at
    }
  }

  #isOpen({ question, primitive }: Spot): boolean {
    const value = valueOf(primitive, this.given[question.name])
    return value === undefined || isOpen(primitive, value)
  }

  /** A model's answer to the one question is right. */
  accept(): void {
    const [spot] = this.spots
    if (spot) this.answer(spot, valueOf(spot.primitive, this.suggestion(spot.question)), true)
  }

  /** What keeps the answers from being sent: a question that must be answered, or one begun and not finished. */
  #missing(): Spot | undefined {
    for (const question of this.questions) {
      const answer = this.given[question.name]
      if (question.optional && answer === undefined) continue
      const primitive = open(question, answer)
      if (primitive) return this.spots.find((spot) => spot.primitive === primitive)
    }
    return undefined
  }

  /** An item stands there to be judged. */
  get #there(): boolean {
    return this.current !== undefined && this.info?.project.state === 'open' && !this.failure && !this.aside && !this.checking
  }
  /** And it was seen. */
  get ready(): boolean {
    return this.#there && this.seen === this.current?.id
  }

  submit(): void {
    if (!this.ready) return
    const open = this.#missing()
    if (open) {
      const fault = faultOf(open.primitive, valueOf(open.primitive, this.given[open.question.name]))
      this.missing = { spot: open, fault: fault || 'This one is still open.' }
      this.focused = this.spots.indexOf(open)
      announce(`${open.primitive.title || open.question.title}: ${fault || 'not answered yet.'}`)
      return
    }
    const answers = Object.fromEntries(
      this.questions
        .filter((q) => !q.optional || this.given[q.name] !== undefined)
        .map((q) => [q.name, whole(q, this.given[q.name])] as const),
    )
    if (!Object.keys(answers).length) {
      this.#tell('Answer one of the questions, or skip the item.', false)
      return
    }
    const words = this.#words(this.current!, answers)
    this.#send('answer', answers)
    this.#tell(words ? `Answered “${words}”.` : 'Answered.')
  }

  skip(): void {
    if (!this.ready) return
    if (this.training) {
      this.#tell('Training items are answered: a wrong answer here only shows what is right.', false)
      return
    }
    this.#send('skip', null)
    this.#tell('Skipped. Skips never count against you.')
  }

  #send(kind: 'answer' | 'skip', answers: Record<string, unknown> | null): void {
    const { info } = this
    const assignment = this.#feed.shift()
    if (!info || !assignment || !this.#outbox) return
    this.#outbox.add({
      project: this.project,
      assignment,
      kind,
      answers,
      seconds: this.timer.seconds(),
      form_version: info.form_version,
      guideline_version: info.guideline.version,
    })
    if (kind === 'answer') this.#judged += 1
    this.care.judged()
    this.#drafts.drop(assignment.id)
    this.#show()
    void this.fill()
  }

  /** Takes the last answer back, sent or not, and shows its item again. */
  undo(): void {
    const entry = this.#outbox?.undo(this.project)
    if (!entry) {
      this.#tell('There is nothing to take back.', false)
      return
    }
    if (entry.kind === 'answer') this.#judged -= 1
    this.#feed.unshift(entry.assignment)
    this.#show(this.#again(entry))
    const before = entry.kind === 'skip' ? 'It was skipped.' : `Your answer was “${this.words(entry)}”.`
    this.#tell(`Taken back. ${before}`, false)
  }

  /** A refused answer is taken off, and its item shown again. */
  judgeAgain(entry: Entry): void {
    this.#outbox?.discard(entry)
    this.#feed.unshift(entry.assignment)
    this.#show(this.#again(entry))
    void this.fill(true)
  }

  /** The answers of an entry, to be changed; none where one key gives them anew or the questions are others. */
  #again(entry: Entry): Record<string, unknown> {
    return entry.form_version === this.info?.form_version && !isQuick(this.#questionsOf(entry.assignment)) ? { ...entry.answers } : {}
  }
  again(entry: Entry): void {
    this.#outbox?.retry(entry)
  }
  discard(entry: Entry): void {
    this.#outbox?.discard(entry)
    void this.fill(true)
  }
  discardAll(): void {
    for (const entry of this.waiting) this.#outbox?.discard(entry)
  }
  tryNow(): void {
    this.#outbox?.wake(this.project)
    void this.fill(true)
  }

  takeOffline(): void {
    this.#feed.target = OFFLINE
    this.offline = 'loading'
    void this.fill(true)
  }
  backOnline(): void {
    this.#feed.target = AHEAD
    this.offline = 'no'
  }

  move(by: number): void {
    this.focused = Math.max(0, Math.min(this.spots.length - 1, this.focused + by))
  }

  words(entry: Entry): string {
    if (entry.kind !== 'answer') return entry.kind === 'skip' ? 'skipped' : 'taken back'
    return this.#words(entry.assignment, entry.answers ?? {})
  }

  #words(item: Assignment, answers: Record<string, unknown>): string {
    return this.#questionsOf(item)
      .map((question) => wordsOf(question, answers[question.name], itemOf(question, item.fields, item.shown)))
      .filter(Boolean)
      .join(', ')
  }

  #tell(text: string, undo = true): void {
    this.said = { text, undo }
    const next = this.current && textOf(this.current, this.info)
    announce(next ? `${text} Next: ${next}` : text)
  }
}
