import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Asked } from '../src/api/forms'
import { allowed, faultOf, lengthOf } from '../src/lib/faults'

const text = (more: object): Asked => ({ primitive: 'text', ...more })
const toggles = (more: object): Asked => ({ primitive: 'toggles', options: [], ...more })

test('characters are code points without spaces around', () => {
  assert.equal(lengthOf(' 👩🏽x\n'), 3)
})

test('a text says how long it has to be and is', () => {
  assert.equal(faultOf(text({ low: 5 }), 'abcd '), 'Write 5 characters or more; it is 4 now.')
  assert.equal(faultOf(text({ low: 1 }), '  '), 'Write something.')
  assert.equal(faultOf(text({ high: 3 }), '👩👩👩👩'), 'Write 3 characters at most; it is 4 now.')
  assert.equal(faultOf(text({ low: 0, high: 3 }), '👩👩👩'), '')
})

test('writing systems are those of the letters; figures and marks are of none', () => {
  assert.equal(faultOf(text({ scripts: ['LATIN'] }), 'Größe 5 €, «ça» 🙂'), '')
  assert.match(faultOf(text({ scripts: ['LATIN'] }), 'a б'), /Latin letters. “б” is none/)
  assert.equal(faultOf(text({ scripts: ['CYRILLIC', 'CJK'] }), 'б 漢字'), '')
  assert.equal(faultOf(text({ scripts: ['KATAKANA'] }), 'コーヒー'), '')
  assert.equal(faultOf(text({ scripts: ['ARABIC'] }), 'مرحبا، متى؟'), '')
})

test('of several, as many as are allowed; what stands alone is enough', () => {
  assert.equal(faultOf(toggles({ low: 2, high: 3 }), ['a']), 'Choose 2 or more; it is 1 now.')
  assert.equal(faultOf(toggles({ low: 2, high: 3 }), ['a', 'b', 'c', 'd']), 'Choose 3 at most; it is 4 now.')
  assert.equal(faultOf(toggles({ low: 2, high: 0 }), ['a', 'b', 'c', 'd']), '')
  assert.equal(faultOf(toggles({ low: 2, alone: ['none'] }), ['none']), '')
  assert.deepEqual([allowed(0, Infinity), allowed(1, 3), allowed(2, 2), allowed(1, Infinity), allowed(0, 4)], ['', 'Choose 1 to 3.', 'Choose 2.', 'Choose 1 or more.', 'Choose up to 4.'])
})

test('a grid names the rows that are open, marks are counted, and cannot tell is always whole', () => {
  const rows = [{ value: 'a', label: 'Clear' }, { value: 'b', label: 'Kind' }]
  const grid: Asked = { primitive: 'grid', rows, columns: [{ value: '1', label: 'no' }] }
  assert.equal(faultOf(grid, { a: '1' }), 'Still open: Kind.')
  assert.equal(faultOf(grid, { a: '1', b: '1' }), '')
  assert.equal(faultOf({ primitive: 'spans', field: 't', options: [], low: 1 }, []), 'Mark 1 or more; it is 0 now.')
  assert.equal(faultOf(toggles({ low: 2, unsure: true }), { cannot_tell: '' }), '')
  assert.equal(faultOf(toggles({ low: 2 }), undefined), '')
})
