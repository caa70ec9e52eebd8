/** Whether a break is due or would do one good: asked of the server now and then, and told to nobody else. */
import { work, type Rest } from '../../api'
import { BREAK_MS, isDue, isWelcome } from '../../lib/breaks'

const EVERY_ITEMS = 10
const EVERY_MS = 5 * 60_000
const TICK_MS = 5_000

/** What of a break is remembered while the window is open. */
interface Kept {
  /** When a suggestion was put away. */
  quiet?: number
  /** When the break was put off. */
  off?: number
}

export class Care {
  rest = $state.raw<Rest | null>(null)
  #kept = $state.raw<Kept>({})
  #now = $state(Date.now())
  #since = 0
  #asked = 0
  #timer: ReturnType<typeof setInterval> | undefined

  constructor(private readonly project: number) {
    try {
      this.#kept = JSON.parse(sessionStorage.getItem(this.#name) ?? '{}') as Kept
    } catch {
      // No storage: it holds for this page then.
    }
  }
  get #name(): string {
    return `goldwork.break.${this.project}`
  }

  start(): void {
    void this.#ask()
    this.#timer = setInterval(() => {
      this.#now = Date.now()
      if (this.#now - this.#asked >= EVERY_MS && document.visibilityState === 'visible') void this.#ask()
    }, TICK_MS)
  }
  stop(): void {
    clearInterval(this.#timer)
  }
  /** One more item was sent. */
  judged(): void {
    if (++this.#since >= EVERY_ITEMS) void this.#ask()
  }

  async #ask(): Promise<void> {
    this.#since = 0
    this.#asked = this.#now = Date.now()
    try {
      this.rest = await work.rest(this.project)
      if (this.rest.minutes < this.rest.limit && this.#kept.off !== undefined) this.#keep({ off: undefined })
    } catch {
      // Care waits for the next time.
    }
  }

  /** The project's break is due. */
  get resting(): boolean {
    return isDue(this.rest, this.#kept.off, this.#now)
  }
  /** It may be put off, once. */
  get closable(): boolean {
    return this.#kept.off === undefined
  }
  /** When work goes on. */
  get until(): number {
    return (this.rest?.since ?? this.#now) + BREAK_MS
  }
  get suggested(): boolean {
    return !this.resting && isWelcome(this.rest, this.#kept.quiet, this.#now)
  }
  putOff(): void {
    this.#keep({ off: Date.now() })
  }
  quiet(): void {
    this.#keep({ quiet: Date.now() })
  }

  #keep(change: Kept): void {
    this.#now = Date.now()
    this.#kept = { ...this.#kept, ...change }
    try {
      sessionStorage.setItem(this.#name, JSON.stringify(this.#kept))
    } catch {
      // No storage: it holds for this page then.
    }
  }
}
