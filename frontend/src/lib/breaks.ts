/** When a break stands in the way of work, and when one may be suggested. Times in milliseconds. */
import type { Rest } from '../api/types'

/** So long off is a break; so long one may go on when it is put off, once. */
export const BREAK_MS = 10 * 60_000
/** One suggestion in so long at most. */
export const QUIET_MS = 30 * 60_000

/** When a break that is due begins to stand in the way: at once, or once more after it was put off. */
export function isDue(rest: Rest | null, off: number | undefined, now: number): boolean {
  if (!rest || !rest.limit || rest.minutes < rest.limit || rest.since === null) return false
  if (now - rest.since >= BREAK_MS) return false
  return off === undefined || now - off >= BREAK_MS
}

/** Whether a break may be suggested now. */
export const isWelcome = (rest: Rest | null, quiet: number | undefined, now: number): boolean =>
  !!rest?.after && (quiet === undefined || now - quiet >= QUIET_MS)
