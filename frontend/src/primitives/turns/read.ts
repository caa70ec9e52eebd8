/** Reading conversations, which are JSON that anybody may have written. */
import type { Turn } from '../../api/forms'

const isTurn = (one: unknown): one is Turn =>
  typeof one === 'object' && one !== null && typeof (one as Turn).role === 'string' && typeof (one as Turn).content === 'string'

/** The turns of a value, as data; what is none is left out. */
export const turnsIn = (value: unknown): Turn[] => (Array.isArray(value) ? value.filter(isTurn) : [])

/** The conversation in a field; null where it is none. */
export function readTurns(text: string): Turn[] | null {
  if (!text.trim()) return []
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) && value.every(isTurn) ? value : null
  } catch {
    return null
  }
}

/** Marks by turn; null where there is none. */
export const marksIn = (value: unknown): (number | null)[] =>
  Array.isArray(value) ? value.map((mark: unknown) => (typeof mark === 'number' && Number.isFinite(mark) ? mark : null)) : []

/** The first words of a text in one line. */
export function opening(text: string, most = 80): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > most ? `${line.slice(0, most).replace(/[\ud800-\udbff]$/, '')}…` : line
}

/** The keys of a scale's marks: the digits themselves where they do, else by their place; none where they are too many. */
export function markKeys(low: number, high: number): string[] {
  const count = high - low + 1
  if (count > 10) return []
  const marks = Array.from({ length: count }, (_, at) => low + at)
  return low >= 0 && high <= 9 ? marks.map(String) : marks.map((_, at) => '1234567890'[at]!)
}
