/**
 * What is being answered, kept on this device until it is sent: a reload, a crash or a flat battery loses nothing.
 * One draft per person and assignment, for the version of the form it was begun with.
 */
const PREFIX = 'goldwork.draft.'
const PAUSE = 250
const KEEP = 30 * 24 * 3_600_000

interface Kept {
  form_version: number
  at: number
  given: Record<string, unknown>
}

export class Drafts {
  #waiting: { key: string; kept: Kept } | null = null
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly account: number,
    private readonly storage: Storage | null,
    private readonly now: () => number = Date.now,
  ) {}

  #key(assignment: string): string {
    return `${PREFIX}${this.account}.${assignment}`
  }

  /** Notes what is given so far; it is written when the hand pauses, or by `flush`. */
  note(assignment: string, form_version: number, given: Record<string, unknown>): void {
    const key = this.#key(assignment)
    if (this.#waiting && this.#waiting.key !== key) this.flush()
    this.#waiting = { key, kept: { form_version, at: this.now(), given } }
    this.#timer ??= setTimeout(() => this.flush(), PAUSE)
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const waiting = this.#waiting
    this.#waiting = null
    if (!waiting) return
    try {
      if (Object.keys(waiting.kept.given).length) this.storage?.setItem(waiting.key, JSON.stringify(waiting.kept))
      else this.storage?.removeItem(waiting.key)
    } catch {
      // The storage is full: the draft lives in this page only.
    }
  }

  read(assignment: string, form_version: number): Record<string, unknown> | undefined {
    const kept = this.#parse(this.#key(assignment))
    return kept?.form_version === form_version ? kept.given : undefined
  }

  drop(assignment: string): void {
    const key = this.#key(assignment)
    if (this.#waiting?.key === key) this.#waiting = null
    this.storage?.removeItem(key)
  }

  /** Forgets drafts of items that nobody came back to for a month. */
  tidy(): void {
    const { storage } = this
    if (!storage) return
    const keys = Array.from({ length: storage.length }, (_, at) => storage.key(at)!).filter((key) => key.startsWith(PREFIX))
    for (const key of keys) {
      const kept = this.#parse(key)
      if (!kept || kept.at < this.now() - KEEP) storage.removeItem(key)
    }
  }

  #parse(key: string): Kept | undefined {
    try {
      const found: unknown = JSON.parse(this.storage?.getItem(key) ?? 'null')
      return found && typeof found === 'object' && 'given' in found ? (found as Kept) : undefined
    } catch {
      return undefined
    }
  }
}

/** The browser's storage, or none in windows that have no memory. */
export function storageOf(): Storage | null {
  try {
    return globalThis.localStorage
  } catch {
    return null
  }
}
