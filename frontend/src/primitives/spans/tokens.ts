/**
 * What a cursor steps over: words and marks, or single characters as people count them (grapheme clusters). Nothing here
 * ever ends within a character.
 */

/** Pieces of a text, in its order, by code units; between them may be white space. */
export class Pieces {
  constructor(
    readonly starts: readonly number[],
    readonly ends: readonly number[],
  ) {}

  get count(): number {
    return this.starts.length
  }

  /** The first piece that ends after `unit`; `count` when there is none. */
  after(unit: number): number {
    return search(this.ends, unit)
  }

  /** The last piece that begins before `unit`; -1 when there is none. */
  before(unit: number): number {
    return search(this.starts, unit - 1) - 1
  }

  /** The piece at `unit`, or the nearest one where it stands in white space. */
  at(unit: number): number {
    return Math.max(0, Math.min(this.count - 1, this.after(unit)))
  }
}

/** How many of the ascending numbers are at most `value`. */
function search(numbers: readonly number[], value: number): number {
  let [low, high] = [0, numbers.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (numbers[middle]! <= value) low = middle + 1
    else high = middle
  }
  return low
}

type Cut = (text: string) => Iterable<{ index: number; segment: string }>

/** Browsers of before 2024 have no Intl.Segmenter: words by their letters, Chinese and Japanese sign by sign. */
const SIGN = String.raw`\p{RI}\p{RI}|\p{Emoji}(?:\p{EMod}|\ufe0f\u20e3?|[\u{e0020}-\u{e007e}]+\u{e007f})?(?:\u200d\p{Emoji}(?:\p{EMod}|\ufe0f)?)*\p{M}*|\r\n|[^]\p{M}*`
const LETTER = new RegExp(SIGN, 'gu')
const WORD = new RegExp(
  String.raw`[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]\p{M}*|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}])[\p{L}\p{N}])(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}])[\p{L}\p{N}\p{M}\u200c\u200d'’_])*(?![\p{Emoji_Modifier}\ufe0f\u20e3])|${SIGN}`,
  'gu',
)
const byPattern =
  (pattern: RegExp): Cut =>
  (text) =>
    Array.from(text.matchAll(pattern), (found) => ({ index: found.index, segment: found[0] }))

function cutter(granularity: 'word' | 'grapheme', plain: boolean): Cut {
  if (plain || typeof Intl === 'undefined' || !('Segmenter' in Intl)) return byPattern(granularity === 'word' ? WORD : LETTER)
  const segmenter = new Intl.Segmenter(undefined, { granularity })
  return (text) => segmenter.segment(text)
}

function pieces(text: string, cut: Cut, keep: (segment: string) => boolean): Pieces {
  const starts: number[] = []
  const ends: number[] = []
  for (const { index, segment } of cut(text)) {
    if (!keep(segment)) continue
    starts.push(index)
    ends.push(index + segment.length)
  }
  return new Pieces(starts, ends)
}

/** Words, numbers, marks and pictures, without the white space between them. `plain`: as without Intl.Segmenter. */
export const words = (text: string, plain = false): Pieces => pieces(text, cutter('word', plain), (segment) => /\S/.test(segment))

/** Characters as people count them, white space too. */
export const letters = (text: string, plain = false): Pieces => pieces(text, cutter('grapheme', plain), () => true)
