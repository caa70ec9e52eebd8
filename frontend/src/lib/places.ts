/** Fields that stand in an order drawn by lot are called by their place, since their names could tell whose they are. */

/** A, B, ... Z, AA, AB, ... */
export function letterOf(at: number): string {
  const last = String.fromCharCode(65 + (at % 26))
  return at < 26 ? last : letterOf(Math.floor(at / 26) - 1) + last
}

export function placeName(at: number, count: number): string {
  return count === 2 ? ['Left', 'Right'][at]! : letterOf(at)
}

/** The fields in the order in which they are shown; what that order does not know comes last. */
export function inPlace(fields: readonly string[], shown: readonly string[]): string[] {
  const known = shown.filter((name, at) => fields.includes(name) && shown.indexOf(name) === at)
  return [...known, ...fields.filter((name) => !known.includes(name))]
}

/**
 * Fields without their names that a question speaks of by their titles ("How correct is answer A?"), and where they stand:
 * by the question alone, nobody could tell which one is meant.
 */
export function placesNamed(text: string, fields: readonly { name: string; title?: string }[], standing: ReadonlyMap<string, string>): { title: string; place: string }[] {
  return fields.flatMap(({ name, title = '' }) => {
    const place = standing.get(name)
    const plain = title.trim().replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    // A title of one letter is an article in too many languages.
    if (place === undefined || plain.length < 2) return []
    return new RegExp(`(?<![\\p{L}\\p{N}])${plain}(?![\\p{L}\\p{N}])`, 'iu').test(text) ? [{ title, place }] : []
  })
}

/** Those of them that have something in them. */
export const filled = (names: readonly string[], values: Record<string, string>): string[] => names.filter((name) => (values[name] ?? '') !== '')
