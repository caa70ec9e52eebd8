/** Which words two texts share: what was taken out of the first, what was put into the second. */
export interface Change {
  kind: 'same' | 'added' | 'removed'
  text: string
}

/** Words, runs of white space, and single marks; Chinese and Japanese sign by sign, for they put no spaces. */
const WORD =
  /\s+|[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]\p{M}*|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}])[\p{L}\p{N}_])(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}])[\p{L}\p{N}\p{M}_'’])*|[^](?:\p{M}|\p{EMod}|\u200d\p{Emoji})*/gu

/** Words that may differ before two texts are called different altogether: the work grows with its square. */
const MOST = 1500

/**
 * The changes from `a` to `b`, in order; put together without the added ones they are `a`, without the removed ones `b`.
 * By Myers' greedy method, between what the texts have in common at both ends.
 */
export function diffWords(a: string, b: string, most = MOST): Change[] {
  const [one, two] = [a.match(WORD) ?? [], b.match(WORD) ?? []]
  let first = 0
  while (first < one.length && first < two.length && one[first] === two[first]) first++
  let last = 0
  while (last < one.length - first && last < two.length - first && one[one.length - 1 - last] === two[two.length - 1 - last]) last++
  const made = new Changes()
  for (const word of one.slice(0, first)) made.add('same', word)
  between(one.slice(first, one.length - last), two.slice(first, two.length - last), most, made)
  for (const word of one.slice(one.length - last)) made.add('same', word)
  return made.list
}

/** Neighbours of one kind are put together; within a change the removed stands before the added. */
class Changes {
  readonly list: Change[] = []
  add(kind: Change['kind'], text: string): void {
    const [before, last] = [this.list.at(-2), this.list.at(-1)]
    if (last?.kind === kind) last.text += text
    else if (kind === 'removed' && last?.kind === 'added') {
      if (before?.kind === 'removed') before.text += text
      else this.list.splice(-1, 0, { kind, text })
    } else this.list.push({ kind, text })
  }
}

function between(one: readonly string[], two: readonly string[], most: number, made: Changes): void {
  const trace = one.length && two.length ? reach(one, two, most) : null
  if (!trace) {
    if (one.length) made.add('removed', one.join(''))
    if (two.length) made.add('added', two.join(''))
    return
  }
  const steps: [Change['kind'], string][] = []
  let [x, y] = [one.length, two.length]
  for (let edits = trace.length - 1; edits >= 0; edits--) {
    const reached = trace[edits]!
    const diagonal = x - y
    const down = edits > 0 && isDown(reached, edits, diagonal)
    const from = edits ? diagonal + (down ? 1 : -1) : 0
    const [startX, startY] = edits ? [reached[from + edits]!, reached[from + edits]! - from] : [0, 0]
    while (x > startX && y > startY && (edits === 0 || x > startX + (down ? 0 : 1) || y > startY + (down ? 1 : 0))) {
      steps.push(['same', one[--x]!])
      y--
    }
    if (!edits) break
    if (down) steps.push(['added', two[--y]!])
    else steps.push(['removed', one[--x]!])
  }
  for (const [kind, word] of steps.reverse()) made.add(kind, word)
}

/** Whether the furthest way to a diagonal comes from the one above it. `reached`: by diagonal, from -edits on. */
const isDown = (reached: Int32Array, edits: number, diagonal: number): boolean =>
  diagonal === -edits || (diagonal !== edits && reached[diagonal - 1 + edits]! < reached[diagonal + 1 + edits]!)

/** For every number of edits how far each diagonal had come before them; null when more than `most` are needed. */
function reach(one: readonly string[], two: readonly string[], most: number): Int32Array[] | null {
  const trace: Int32Array[] = []
  const limit = Math.min(most, one.length + two.length)
  const far = new Int32Array(2 * limit + 3)
  const middle = limit + 1
  for (let edits = 0; edits <= limit; edits++) {
    const before = far.slice(middle - edits, middle + edits + 1)
    trace.push(before)
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      let x = edits === 0 ? 0 : isDown(before, edits, diagonal) ? before[diagonal + 1 + edits]! : before[diagonal - 1 + edits]! + 1
      while (x < one.length && x - diagonal < two.length && one[x] === two[x - diagonal]) x++
      far[middle + diagonal] = x
      if (x >= one.length && x - diagonal >= two.length) return trace
    }
  }
  return null
}
