/**
 * How long somebody worked on an item.
 *
 * Time counts while the page is visible and the person active: after IDLE ms without a key, a pointer or a scroll it
 * stops, and what came after the last sign of life plus IDLE is not counted. Nothing else about keys or pointer is kept.
 */
export const IDLE = 60_000

export class ActiveTimer {
  #sum = 0
  #from: number | null = null
  #last = 0

  constructor(
    private readonly now: () => number = () => performance.now(),
    private readonly idle = IDLE,
  ) {}

  /** A new item is on the screen. */
  start(visible = true): void {
    this.#sum = 0
    this.#last = this.now()
    this.#from = visible ? this.#last : null
  }

  /** A key, a pointer, a scroll. */
  touch(): void {
    const t = this.now()
    if (this.#from !== null && t - this.#last > this.idle) {
      this.#sum += this.#last + this.idle - this.#from
      this.#from = t
    }
    this.#last = t
  }

  hide(): void {
    if (this.#from !== null) this.#sum += this.#until() - this.#from
    this.#from = null
  }

  show(): void {
    if (this.#from === null) {
      this.#from = this.now()
      this.#last = this.#from
    }
  }

  /** Active seconds since `start`, with a tenth's precision. */
  seconds(): number {
    const open = this.#from === null ? 0 : this.#until() - this.#from
    return Math.round((this.#sum + open) / 100) / 10
  }

  #until(): number {
    return Math.min(this.now(), this.#last + this.idle)
  }
}
