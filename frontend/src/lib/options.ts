/** Options as they stand on the screen: nested under their parents, found by their path, those of two panes in place. */
import type { Option } from '../api/forms'

export interface Row {
  option: Option
  depth: number
  /** The labels of what it stands under, the outermost first. */
  path: readonly string[]
  /** The values of what it stands under. */
  under: readonly string[]
  /** Others stand under it. */
  holds: boolean
}

/** Options in the order in which they are drawn: each followed by those that stand under it. */
export function rowsOf(options: readonly Option[]): Row[] {
  const known = new Set(options.map((option) => option.value))
  const under = new Map<string, Option[]>()
  for (const option of options) {
    const parent = option.parent && known.has(option.parent) ? option.parent : ''
    under.set(parent, [...(under.get(parent) ?? []), option])
  }
  const rows: Row[] = []
  const walk = (parent: string, above: Row | undefined): void => {
    for (const option of under.get(parent) ?? []) {
      const row: Row = {
        option,
        depth: above ? above.depth + 1 : 0,
        path: above ? [...above.path, above.option.label] : [],
        under: above ? [...above.under, above.option.value] : [],
        holds: under.has(option.value),
      }
      rows.push(row)
      if (row.holds) walk(option.value, row)
    }
  }
  walk('', undefined)
  return rows
}

const fold = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()

/** What can be chosen and has every word in its label, its path or its help; what begins so first. */
export function search(rows: readonly Row[], asked: string): Row[] {
  const words = fold(asked).split(/\s+/).filter(Boolean)
  if (!words.length) return [...rows]
  const found = rows
    .filter((row) => !row.option.heading)
    .map((row) => ({ row, label: fold(row.option.label), all: fold([...row.path, row.option.label, row.option.help ?? ''].join(' ')) }))
    .filter(({ all }) => words.every((word) => all.includes(word)))
  const rank = ({ label }: { label: string }): number =>
    label.startsWith(words.join(' ')) ? 0 : words.every((word) => label.includes(word)) ? 1 : 2
  return found.toSorted((one, two) => rank(one) - rank(two)).map(({ row }) => row)
}

/** A label of two panes by where they stand: "First is better" is "Left is better", or "Right" where they are swapped. */
export function sided(label: string, swapped: boolean): string {
  return label.replace(/\b(first|second)\b/gi, (word) => {
    const side = (word.toLowerCase() === 'first') !== swapped ? 'left' : 'right'
    return word[0] === word[0]!.toUpperCase() ? side[0]!.toUpperCase() + side.slice(1) : side
  })
}

/** Options about two panes, those of the left one first and named by their side. */
export function placed(options: readonly Option[], swapped: boolean): Option[] {
  const named = options.map((option) => ({ ...option, label: sided(option.label, swapped) }))
  const first = options.findIndex((option) => option.value === 'first')
  const second = options.findIndex((option) => option.value === 'second')
  if (!swapped || first < 0 || second < 0) return named
  return named.with(first, named[second]!).with(second, named[first]!)
}
