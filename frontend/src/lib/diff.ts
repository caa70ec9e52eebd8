/**
 * What two texts have in common, word by word (Myers, "An O(ND) Difference Algorithm and Its Variations", 1986).
 * Joined, what is the same and removed gives the first text; what is the same and added gives the second.
 */
export interface Piece {
  kind: 'same' | 'added' | 'removed'
  text: string
}

/** More differing words than these are not sorted out: between what begins and ends alike, all is told as changed. */
const MOST = 1500

const segmenter = new Intl.Segmenter('en', { granularity: 'word' })
const wordsOf = (text: string): string[] => [...segmenter.segment(text)].map((part) => part.segment)

export function diffWords(a: string, b: string): Piece[] {
  const one = wordsOf(a)
  const two = wordsOf(b)
  let start = 0
  while (start < one.length && start < two.length && one[start] === two[start]) start += 1
  let end = 0
  while (end < one.length - start && end < two.length - start && one[one.length - 1 - end] === two[two.length - 1 - end]) end += 1
  const middle = changes(one.slice(start, one.length - end), two.slice(start, two.length - end))
  const all = [same(one.slice(0, start)), ...middle, same(one.slice(one.length - end))]
  return joined(bridged(joined(all)))
}

const same = (words: string[]): Piece => ({ kind: 'same', text: words.join('') })

/** The shortest way from one list of words to the other, walked back from its end. */
function changes(one: string[], two: string[]): Piece[] {
  const trail = search(one, two)
  if (!trail)
    return [
      { kind: 'removed', text: one.join('') },
      { kind: 'added', text: two.join('') },
    ]
  const back: Piece[] = []
  let x = one.length
  let y = two.length
  for (let d = trail.length - 1; d >= 0; d -= 1) {
    const k = x - y
    const { from, down } = stepTo(trail[d]!, d, k)
    const after = d === 0 ? 0 : down ? from : from + 1
    for (; x > after; x -= 1, y -= 1) back.push({ kind: 'same', text: one[x - 1]! })
    if (d === 0) break
    if (down) back.push({ kind: 'added', text: two[(y -= 1)]! })
    else back.push({ kind: 'removed', text: one[(x -= 1)]! })
  }
  return back.reverse()
}

/** Where the step to diagonal `k` came from: down by a word of the second, or on by a word of the first. */
function stepTo(reached: Int32Array, d: number, k: number): { from: number; down: boolean } {
  const at = (diagonal: number): number => reached[diagonal + d] ?? -1
  const down = k === -d || (k !== d && at(k - 1) < at(k + 1))
  return { from: down ? at(k + 1) : at(k - 1), down }
}

/** For each number of changes, how far each diagonal had come before it; null where there are more than MOST. */
function search(one: string[], two: string[]): Int32Array[] | null {
  const most = Math.min(MOST, one.length + two.length)
  const trail: Int32Array[] = []
  let before = new Int32Array(1)
  for (let d = 0; d <= most; d += 1) {
    // Diagonals -d to d, kept at 0 to 2d; those of the step before, shifted to stand at the same places.
    const shifted = new Int32Array(2 * d + 1).fill(-1)
    if (d) shifted.set(before, 1)
    trail.push(shifted)
    const now = new Int32Array(2 * d + 1).fill(-1)
    for (let k = -d; k <= d; k += 2) {
      const { from, down } = stepTo(shifted, d, k)
      let x = d ? (down ? from : from + 1) : 0
      while (x < one.length && x - k < two.length && one[x] === two[x - k]) x += 1
      now[k + d] = x
      if (x >= one.length && x - k >= two.length) return trail
    }
    before = now
  }
  return null
}

/** Neighbours of one kind in one piece; of a change what is removed comes first. */
function joined(pieces: Piece[]): Piece[] {
  const made: Piece[] = []
  let removed = ''
  let added = ''
  const flush = (): void => {
    if (removed) made.push({ kind: 'removed', text: removed })
    if (added) made.push({ kind: 'added', text: added })
    removed = added = ''
  }
  for (const { kind, text } of pieces) {
    if (!text) continue
    if (kind === 'removed') removed += text
    else if (kind === 'added') added += text
    else {
      flush()
      const last = made.at(-1)
      if (last?.kind === 'same') last.text += text
      else made.push({ kind, text })
    }
  }
  flush()
  return made
}

/** A space between two changes belongs to both: one mark over a phrase reads better than many over its words. */
function bridged(pieces: Piece[]): Piece[] {
  return pieces.flatMap((piece, at): Piece[] => {
    const between = at > 0 && at < pieces.length - 1 && piece.kind === 'same' && !piece.text.trim()
    return between ? [{ kind: 'removed', text: piece.text }, { kind: 'added', text: piece.text }] : [piece]
  })
}
