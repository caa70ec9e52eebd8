import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Scale } from '../src/api/forms'
import { moved, placesOf, said, valuesOf, wordsOfPlace } from '../src/lib/scale'

const scale = (low: number, high: number, more: Partial<Scale> = {}): Scale => ({ primitive: 'scale', low, high, ...more })
const keys = (one: Scale, swapped = false): string => placesOf(one, swapped).places.map((place) => place.key).join('')

test('places from 0 to 9 are their own keys, ten is T', () => {
  assert.equal(keys(scale(1, 5)), '12345')
  assert.equal(keys(scale(0, 9)), '0123456789')
  assert.equal(keys(scale(0, 10)), '0123456789t')
})

test('places below nothing, between numbers and beyond ten are counted from the left', () => {
  assert.equal(keys(scale(-3, 3)), '1234567')
  assert.equal(keys(scale(1, 3, { step: 0.5 })), '12345')
  assert.equal(keys(scale(20, 24)), '12345')
  assert.equal(keys(scale(1, 12)), '1234567890qw')
})

test('every place of every scale that is drawn as buttons has a key of its own', () => {
  for (const one of [scale(0, 20), scale(-10, 10), scale(1, 21), scale(0, 5, { step: 0.25 })]) {
    const all = placesOf({ ...one, besides: [{ value: 'bad', label: 'Bad' }] }, false)
    const given = [...all.places.map((place) => place.key), ...all.besides]
    assert.ok(given.every(Boolean))
    assert.equal(new Set(given).size, given.length)
  }
})

test('steps add up to what is meant', () => {
  assert.deepEqual(valuesOf(scale(0, 0.3, { step: 0.1 }), false), [0, 0.1, 0.2, 0.3])
})

test('a scale between two panes is turned round where these are swapped, and its middle may be missing', () => {
  const one = scale(-2, 2, { mirror: true, anchors: [{ value: -2, label: 'much better' }, { value: 2, label: 'much better' }] })
  assert.deepEqual(valuesOf(one, false), [-2, -1, 0, 1, 2])
  assert.deepEqual(valuesOf(one, true), [2, 1, 0, -1, -2])
  assert.deepEqual(valuesOf({ ...one, middle: false }, true), [2, 1, -1, -2])
  assert.equal(keys(one, true), '12345')
  assert.deepEqual(placesOf(one, true).places.map((place) => place.text), ['2', '1', '0', '1', '2'])
  assert.equal(wordsOfPlace(one, -2, false), 'left much better')
  assert.equal(wordsOfPlace(one, -2, true), 'right much better')
  assert.equal(wordsOfPlace(one, 1, true), 'left by 1')
  assert.equal(wordsOfPlace(one, 0, true), 'equal')
})

test('a place is read with its name and a real minus', () => {
  assert.equal(wordsOfPlace(scale(-1, 1, { anchors: [{ value: -1, label: 'sad' }] }), -1, false), '−1, sad')
  assert.equal(said(-0), '0')
})

test('steps end at the ends and leap over a middle that cannot be chosen', () => {
  const one = scale(-3, 3, { middle: false })
  assert.equal(moved(one, 3, 1), 3)
  assert.equal(moved(one, -3, -10), -3)
  assert.equal(moved(one, -1, 1), 1)
  assert.equal(moved(one, 1, -1), -1)
  assert.equal(moved(scale(-3, 3), 1, -1), 0)
  assert.equal(moved(scale(0, 3, { middle: false }), 1, -1), 1)
})
