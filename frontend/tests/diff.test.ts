import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diffWords, type Piece } from '../src/lib/diff'

const side = (pieces: Piece[], gone: Piece['kind']): string => pieces.filter((piece) => piece.kind !== gone).map((piece) => piece.text).join('')
const short = (pieces: Piece[]): string => pieces.map(({ kind, text }) => ({ same: '', removed: '-', added: '+' })[kind] + text).join('|')
const exact = (a: string, b: string): Piece[] => {
  const pieces = diffWords(a, b)
  assert.equal(side(pieces, 'added'), a)
  assert.equal(side(pieces, 'removed'), b)
  for (let at = 1; at < pieces.length; at += 1) assert.notEqual(pieces[at]!.kind, pieces[at - 1]!.kind)
  return pieces
}

test('words that differ are found between those that are the same', () => {
  assert.equal(short(exact('The red fox runs.', 'The brown fox ran.')), 'The |-red|+brown| fox |-runs|+ran|.')
  assert.equal(short(exact('a b c', 'a b c')), 'a b c')
  assert.equal(short(exact('', 'new')), '+new')
  assert.equal(short(exact('old', '')), '-old')
  assert.deepEqual(exact('', ''), [])
  assert.equal(short(exact('one two', 'one and two')), 'one |+and |two')
})

test('a phrase that changed is one change, with its spaces', () => {
  assert.equal(short(exact('so big house here', 'so tiny hut here')), 'so |-big house|+tiny hut| here')
})

test('writing without spaces, emoji and right to left are cut between words, not within', () => {
  assert.equal(short(exact('今日は晴れです', '今日は雨です')), '今日は|-晴れ|+雨|です')
  assert.equal(short(exact('hi 👩‍👩‍👧 there', 'hi 👨‍👩‍👧 there')), 'hi |-👩‍👩‍👧|+👨‍👩‍👧| there')
  assert.equal(short(exact('שלום עולם טוב', 'שלום ילד טוב')), 'שלום |-עולם|+ילד| טוב')
})

test('it is the shortest way, whatever the texts', () => {
  let seed = 7
  const draw = (n: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % n
  for (let round = 0; round < 300; round += 1) {
    const make = (): string[] => Array.from({ length: draw(9) }, () => 'abc'[draw(3)]!)
    const [one, two] = [make(), make()]
    // Commas are words too; each letter is followed by one, so the distance counts pairs.
    const pieces = exact(one.map((w) => `${w},`).join(''), two.map((w) => `${w},`).join(''))
    const kept = pieces.filter((piece) => piece.kind === 'same').reduce((sum, piece) => sum + piece.text.length, 0)
    assert.ok(kept >= 2 * common(one, two), `${one} ${two}`)
  }
})

/** The length of the longest common subsequence, the slow way. */
function common(one: string[], two: string[]): number {
  const table = Array.from({ length: one.length + 1 }, () => new Array<number>(two.length + 1).fill(0))
  for (let i = 1; i <= one.length; i += 1)
    for (let j = 1; j <= two.length; j += 1)
      table[i]![j] = one[i - 1] === two[j - 1] ? table[i - 1]![j - 1]! + 1 : Math.max(table[i - 1]![j]!, table[i]![j - 1]!)
  return table.at(-1)!.at(-1)!
}

test('long texts that share nothing are told as changed as a whole, and soon', () => {
  const make = (word: string): string => Array.from({ length: 6000 }, (_, at) => `${word}${at}`).join('. ')
  const began = performance.now()
  const pieces = exact(`Dear all, ${make('x')} end`, `Dear all, ${make('y')} end`)
  assert.ok(performance.now() - began < 2000)
  assert.deepEqual(pieces.map((piece) => piece.kind), ['same', 'removed', 'added', 'same'])
})
