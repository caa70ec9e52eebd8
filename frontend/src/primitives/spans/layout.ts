/** How marked text is laid out: lines, cut into segments wherever a mark begins or ends, and marks on lanes under them. */

/** A mark to be drawn. Places are code units. */
export interface Drawn {
  start: number
  end: number
  /** A name of the palette. */
  color: string
  /** What stands before it; nothing when empty. */
  label: string
  lane: number
  /** What a press on it tells; no two are alike. */
  id: string
  on: boolean
}

export interface Segment {
  from: number
  text: string
  /** Marks that begin here. */
  starts: Drawn[]
  /** Marks over it, by lane. */
  over: Drawn[]
}
export interface Line {
  from: number
  to: number
  marks: readonly Drawn[]
  segments: Segment[]
}

export const LANES = 6
const LONG = 70

/** Lines with their line feeds: put together they are the text. */
export function lines(text: string): { from: number; to: number }[] {
  const made: { from: number; to: number }[] = []
  let from = 0
  while (from < text.length) {
    const feed = text.indexOf('\n', from)
    const to = feed < 0 ? text.length : feed + 1
    made.push({ from, to })
    from = to
  }
  return made
}

/** About how many rows a line takes up: for what is not drawn yet. */
export const rows = (line: { from: number; to: number }): number => Math.max(1, Math.ceil((line.to - line.from) / LONG))

/** A lane for every range, so that those which overlap are on different ones; what finds none is on the last. */
export function lanes(ranges: readonly { start: number; end: number }[], first = 0): number[] {
  const order = ranges.map((_, at) => at).sort((a, b) => ranges[a]!.start - ranges[b]!.start || ranges[b]!.end - ranges[a]!.end)
  const until: number[] = []
  const made = new Array<number>(ranges.length).fill(first)
  for (const at of order) {
    const { start, end } = ranges[at]!
    const free = until.findIndex((taken) => taken <= start)
    const lane = free < 0 ? until.length : free
    until[lane] = end
    made[at] = Math.min(LANES - 1, first + lane)
  }
  return made
}

const alike = (one: readonly Drawn[], other: readonly Drawn[]): boolean =>
  one.length === other.length && one.every((mark, at) => mark === other[at])

/**
 * The text's lines with `marks`, which are in the order of the text. What has the same marks as `before` stays the same
 * object, so that only what changed is drawn anew.
 */
export function layout(text: string, marks: readonly Drawn[], cut = lines(text), before: readonly Line[] = []): Line[] {
  let next = 0
  let open: Drawn[] = []
  return cut.map(({ from, to }, at) => {
    const here = open.filter((mark) => mark.end > from)
    while (next < marks.length && marks[next]!.start < to) here.push(marks[next++]!)
    open = here
    const old = before[at]
    const same = old?.from === from && old.to === to ? old : undefined
    if (same && alike(same.marks, here)) return same
    return { from, to, marks: here, segments: segments(text, from, to, here, same?.segments ?? []) }
  })
}

function segments(text: string, from: number, to: number, marks: readonly Drawn[], before: readonly Segment[]): Segment[] {
  const places = new Set([from])
  for (const { start, end } of marks) {
    if (start > from) places.add(start)
    if (end < to) places.add(end)
  }
  const cuts = [...places].sort((a, b) => a - b)
  const old = new Map(before.map((segment) => [segment.from, segment]))
  // Of many marks in one long line, only those from the first that is still open on are looked at.
  let first = 0
  return cuts.map((start, at) => {
    const end = cuts[at + 1] ?? to
    while (first < marks.length && marks[first]!.end <= start) first++
    const over: Drawn[] = []
    for (let i = first; i < marks.length && marks[i]!.start < end; i++) if (marks[i]!.end > start) over.push(marks[i]!)
    const same = old.get(start)
    if (same?.text.length === end - start && alike(same.over, over)) return same
    const starts = over.filter((mark) => mark.start === start).sort((a, b) => a.lane - b.lane)
    return { from: start, text: text.slice(start, end), starts, over }
  })
}
