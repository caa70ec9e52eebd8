import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DrawnQuestion, Primitive } from '../src/api/forms'
import { asked, empty, fieldsOf, isQuick, itemOf, open, valueOf, whole, withValue, wordsOf } from '../src/lib/answers'

const question = (...primitives: Primitive[]): DrawnQuestion => ({ name: 'q', title: 'Q?', form: { primitives } })
const ab = [{ value: 'a', label: 'Alpha' }, { value: 'b', label: 'Beta' }]
const keys = (more: object = {}): Primitive => ({ primitive: 'keys', options: ab, ...more })
const parts = question(keys({ name: 'one' }), { primitive: 'text', name: 'why', low: 3 })

test('a question of one primitive is answered by its value, one of named ones by an object', () => {
  const [one, why] = asked(parts)
  assert.equal(withValue(asked(question(keys()))[0]!, undefined, 'a'), 'a')
  const answer = withValue(why!, withValue(one!, undefined, 'a'), 'yes')
  assert.deepEqual(answer, { one: 'a', why: 'yes' })
  assert.equal(valueOf(one!, answer), 'a')
  assert.deepEqual(withValue(one!, answer, undefined), { why: 'yes' })
  assert.equal(withValue(why!, { why: 'yes' }, undefined), undefined)
})

test('panes ask nothing', () => {
  assert.deepEqual(asked(question({ primitive: 'panes', fields: ['x', 'y'] }, keys())).map((p) => p.primitive), ['keys'])
  assert.equal(valueOf({ primitive: 'panes', fields: ['x'] }, 'a'), undefined)
})

test('open is what has no value, or one that does not do', () => {
  assert.equal(open(parts, undefined)?.name, 'one')
  assert.equal(open(parts, { one: 'a' })?.name, 'why')
  assert.equal(open(parts, { one: 'a', why: 'no' })?.name, 'why')
  assert.equal(open(parts, { one: 'a', why: 'yes' }), undefined)
})

test('nothing chosen, marked or written is an answer where it may be', () => {
  const free = question({ primitive: 'toggles', options: ab, name: 't' }, { primitive: 'text', low: 0, name: 'x' })
  assert.equal(open(free, undefined), undefined)
  assert.deepEqual(whole(free, undefined), { t: [], x: '' })
  assert.equal(empty({ primitive: 'spans', field: 'f', options: ab, low: 1 }), undefined)
  assert.deepEqual(empty({ primitive: 'boxes', field: 'f', options: ab }), [])
})

test('quick is what one key answers', () => {
  assert.ok(isQuick([question(keys())]))
  assert.ok(isQuick([question({ primitive: 'panes', fields: ['x'] }, { primitive: 'scale', low: 1, high: 5 })]))
  assert.ok(!isQuick([question({ primitive: 'scale', low: 1, high: 5, slider: true })]))
  assert.ok(!isQuick([question(keys()), question(keys())]))
  assert.ok(!isQuick([question({ primitive: 'toggles', options: ab })]))
  for (const pick of ['best', 'ends'] as const) assert.ok(isQuick([question({ primitive: 'order', fields: ['x', 'y'], pick })]))
  assert.ok(!isQuick([question({ primitive: 'order', fields: ['x', 'y'] })]))
})

test('two fields are swapped where the second stands first', () => {
  const two = question({ primitive: 'panes', fields: ['x', 'y'] }, keys())
  assert.equal(itemOf(two, {}, { q: ['y', 'x'] }).swapped, true)
  assert.equal(itemOf(two, {}, { q: ['x', 'y'] }).swapped, false)
  assert.deepEqual(itemOf(two, {}).shown, ['x', 'y'])
  assert.equal(itemOf(two, {}, {}, 'item 1').id, 'item 1')
  assert.deepEqual(fieldsOf({ primitive: 'spans', field: 'f', options: [] }), ['f'])
})

test('an answer in words is what was on the screen', () => {
  const better = question({ primitive: 'keys', mirror: true, options: [{ value: 'first', label: 'First is better' }, { value: 'second', label: 'Second is better' }] })
  const shown = (names: string[], ...order: string[]) => ({ fields: Object.fromEntries(names.map((name) => [name, 'x'])), shown: order, swapped: order[0] !== names[0] })
  assert.equal(wordsOf(better, 'first', shown(['a', 'b'], 'b', 'a')), 'Right is better')
  assert.equal(wordsOf(better, 'first', shown(['a', 'b'], 'a', 'b')), 'Left is better')
  const order = (pick: 'all' | 'best' | 'ends') => question({ primitive: 'order', fields: ['m1', 'm2', 'm3', 'm4'], pick })
  const lot = shown(['m1', 'm3', 'm4'], 'm3', 'm2', 'm4', 'm1')
  assert.equal(wordsOf(order('all'), [['m1'], ['m3', 'm4']], lot), 'C > A = B')
  assert.equal(wordsOf(order('best'), [['m4'], ['m1', 'm3']], lot), 'B')
  assert.equal(wordsOf(order('ends'), [['m4'], ['m1'], ['m3']], lot), 'best B, worst A')
  assert.equal(wordsOf(question(keys()), { cannot_tell: 'dark' }), 'cannot tell')
  assert.equal(wordsOf(question({ primitive: 'toggles', options: ab }), ['a', 'b']), 'Alpha + Beta')
  assert.equal(wordsOf(question({ primitive: 'toggles', options: ab }), []), 'none')
  assert.equal(wordsOf(question({ primitive: 'text' }), '😀'.repeat(99)), `${'😀'.repeat(60)}…`)
  assert.equal(wordsOf(undefined, 'a'), '')
})
