import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diffWords } from '../src/lib/diff'
import { targetAt } from '../src/primitives/order/drag'
import { piecesOf } from '../src/primitives/panes/marks'

const marked = (a: string, b: string, side: 'removed' | 'added'): string =>
  piecesOf(diffWords(a, b), side)
    .map(({ text, only }) => (only ? `[${text}]` : text))
    .join('')

test('each side has its own words marked, a phrase as one', () => {
  assert.equal(marked('so big house here', 'so tiny hut here', 'removed'), 'so [big house] here')
  assert.equal(marked('so big house here', 'so tiny hut here', 'added'), 'so [tiny hut] here')
  assert.equal(marked('one two', 'one two', 'added'), 'one two')
  assert.equal(marked('a b', 'c', 'removed'), '[a b]')
  assert.equal(marked('', 'c', 'removed'), '')
})

const row = [0, 110, 220].map((left) => ({ left, right: left + 100, top: 0, bottom: 50 }))
const pile = row.map(({ left, right }) => ({ left: 0, right: 50, top: left, bottom: right }))

test('a card is dropped before what its pointer has not passed by half, and into the middle where ties may be', () => {
  assert.deepEqual(targetAt(5, 5, pile, false, false), { before: 0 })
  assert.deepEqual(targetAt(5, 60, pile, false, false), { before: 1 })
  assert.deepEqual(targetAt(5, 105, pile, false, false), { before: 1 })
  assert.deepEqual(targetAt(5, 900, pile, false, false), { before: 3 })
  assert.deepEqual(targetAt(5, -90, pile, false, true), { before: 0 })
  assert.deepEqual(targetAt(5, 160, pile, false, true), { into: 1 })
  assert.deepEqual(targetAt(5, 115, pile, false, true), { before: 1 })
  assert.deepEqual(targetAt(160, 5, row, true, true), { into: 1 })
  assert.deepEqual(targetAt(300, 5, row, true, false), { before: 3 })
})
