/**
 * What is being answered, whole or not. It outlives the undefined that is told while it is not whole, takes over a value
 * that comes from elsewhere, and goes back step by step.
 */
export class Draft<D, V> {
  now: D = $state.raw() as D
  #before: D[] = []
  #told: V | undefined

  constructor(
    private readonly start: D,
    private readonly read: (value: V) => D,
    private readonly whole: (draft: D) => V | undefined,
    private readonly tell: (value: V | undefined, done: boolean) => void,
  ) {
    this.now = start
  }

  /** Shows a value unless it is what was told last. */
  load(value: V | undefined): void {
    if (value === this.#told) return
    this.#told = value
    this.#before = []
    this.now = value === undefined ? this.start : this.read(value)
  }

  /** Another draft. `step`: it can be taken back by itself; without, with the step before it. */
  set(now: D, { step = true, done = false } = {}): void {
    if (step) this.keep()
    this.now = now
    this.#say(done)
  }
  /** Begins a step: what is set from here on without one is taken back together. */
  keep(): void {
    if (this.#before.at(-1) !== this.now) this.#before = [...this.#before, this.now]
  }

  undo(): boolean {
    let before = this.#before
    while (before.length && before.at(-1) === this.now) before = before.slice(0, -1)
    this.#before = before.slice(0, -1)
    if (!before.length) return false
    this.now = before.at(-1)!
    this.#say(false)
    return true
  }

  #say(done: boolean): void {
    this.#told = this.whole(this.now)
    this.tell(this.#told, done && this.#told !== undefined)
  }
}
