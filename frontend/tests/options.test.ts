import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Option } from '../src/api/forms'
import { placed, rowsOf, search, sided } from '../src/lib/options'

const option = (value: string, parent = '', more: Partial<Option> = {}): Option => ({ value, label: value, parent, ...more })
const values = (rows: readonly { option: Option }[]): string[] => rows.map((row) => row.option.value)

const animals = [
  option('animal', '', { heading: true }),
  option('plant', '', { heading: true }),
  option('cat', 'animal', { label: 'Käse cat' }),
  option('oak', 'plant', { help: 'Has acorns' }),
  option('lion', 'cat'),
  option('ant', 'animal'),
]

test('what stands under another follows it, deeper and with its path', () => {
  const rows = rowsOf(animals)
  assert.deepEqual(values(rows), ['animal', 'cat', 'lion', 'ant', 'plant', 'oak'])
  assert.deepEqual(rows.map((row) => row.depth), [0, 1, 2, 1, 0, 1])
  assert.deepEqual(rows[2]!.path, ['animal', 'Käse cat'])
  assert.deepEqual(rows[2]!.under, ['animal', 'cat'])
  assert.deepEqual(values(rows.filter((row) => row.holds)), ['animal', 'cat', 'plant'])
})

test('a parent that is not there leaves the option at the top', () => {
  assert.deepEqual(values(rowsOf([option('a', 'nobody'), option('b')])), ['a', 'b'])
})

test('a search finds by label, path and help, without accents, and never a heading', () => {
  const rows = rowsOf(animals)
  assert.deepEqual(values(search(rows, 'KASE')), ['cat', 'lion'])
  assert.deepEqual(values(search(rows, 'acorn')), ['oak'])
  assert.deepEqual(values(search(rows, 'animal lion')), ['lion'])
  assert.deepEqual(values(search(rows, 'plant')), ['oak'])
  assert.deepEqual(values(search(rows, '  ')), values(rows))
  assert.deepEqual(values(search(rows, 'zebra')), [])
})

test('what begins with the words comes first', () => {
  const rows = rowsOf([option('a', '', { label: 'not an ant' }), option('b', '', { label: 'ant' })])
  assert.deepEqual(values(search(rows, 'ant')), ['b', 'a'])
})

test('labels of two panes say where they stand', () => {
  assert.equal(sided('First is better', false), 'Left is better')
  assert.equal(sided('First is better', true), 'Right is better')
  assert.equal(sided('the second one', true), 'the left one')
  assert.equal(sided('Both are bad', true), 'Both are bad')
  assert.equal(sided('Secondary', false), 'Secondary')
})

test('options of two panes trade places where these are swapped, and keep their values', () => {
  const two = [option('first', '', { label: 'First is better' }), option('tie'), option('second', '', { label: 'Second is better' })]
  assert.deepEqual(placed(two, false).map((o) => [o.value, o.label]), [['first', 'Left is better'], ['tie', 'tie'], ['second', 'Right is better']])
  assert.deepEqual(placed(two, true).map((o) => [o.value, o.label]), [['second', 'Left is better'], ['tie', 'tie'], ['first', 'Right is better']])
})
