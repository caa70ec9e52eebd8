/**
 * The items this person holds, nearest first. The first is on the screen, the second is drawn behind it, and of the
 * others the images are loaded. `next` is asked for more long before it runs dry.
 */
import type { Assignment, Next } from '../api/types'

export const AHEAD = 10
export const LOW = 6
/** What "take work offline" asks for; the server's limit of what one person may hold. */
export const OFFLINE = 200

export class Feed {
  items: Assignment[] = []
  target = AHEAD

  /** How many to hold in all: what is wanted ahead, and what is held by answers the server does not know yet. */
  count(unsent: number): number {
    return Math.max(1, Math.min(OFFLINE, this.target + unsent))
  }

  get low(): boolean {
    return this.items.length < (this.target > AHEAD ? this.target : LOW)
  }

  /** Takes what the server says; `judged` says what has been answered here meanwhile. */
  merge(next: Pick<Next, 'assignments'>, judged: (id: string) => boolean, now = Date.now()): void {
    const fresh = new Map(next.assignments.filter((a) => !judged(a.id)).map((a) => [a.id, a]))
    // What is on the screen stays there; what the server no longer lists goes when its lease is over.
    const kept = this.items
      .filter((held, at) => at === 0 || (!judged(held.id) && (fresh.has(held.id) || held.leased_until > now)))
      .map((held, at) => (at === 0 ? renewed(held, fresh.get(held.id)) : (fresh.get(held.id) ?? held)))
    const there = new Set(kept.map((a) => a.id))
    this.items = [...kept, ...[...fresh.values()].filter((a) => !there.has(a.id))]
  }

  shift(): Assignment | undefined {
    const [first, ...rest] = this.items
    this.items = rest
    return first
  }

  /** Undone: it comes back to the screen. */
  unshift(assignment: Assignment): void {
    this.items = [assignment, ...this.items.filter((a) => a.id !== assignment.id)]
  }

  /** What was held is no longer what is to be judged. */
  clear(): void {
    this.items = []
  }

  /** Answered in another tab. */
  drop(id: string): void {
    this.items = this.items.filter((a) => a.id !== id)
  }
}

/** What is on the screen: where only its lease is new, all of it stays what it was, or it would be drawn anew. */
function renewed(held: Assignment, fresh = held): Assignment {
  const { leased_until } = fresh
  const now = { ...held, leased_until }
  return JSON.stringify(now) === JSON.stringify(fresh) ? now : fresh
}
