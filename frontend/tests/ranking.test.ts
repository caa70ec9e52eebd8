import assert from 'node:assert/strict'
import { test } from 'node:test'
import { filled, inPlace, letterOf, placeName } from '../src/lib/places'
import { appended, begin, confirmed, dropped, flat, groupsOf, isWhole, meanRanks, moved, picked, ranksOf, saidOrder, split, standingOf, tied, type Standing } from '../src/lib/ranking'

const NAMES = ['a', 'b', 'c', 'd']
const said = ({ groups, ranked }: Standing): string => `${saidOrder(groups, (name) => name)} ${ranked}`
const press = (...names: string[]): Standing => names.reduce(appended, begin(NAMES))

test('what is drawn is no answer until it is touched or confirmed', () => {
  assert.equal(isWhole(begin(NAMES)), false)
  assert.equal(isWhole(confirmed(begin(NAMES))), true)
  assert.equal(isWhole(begin([])), false)
  assert.equal(said(moved(begin(NAMES), 'c', -1)), 'a > c > b > d 4')
})

test('names pressed one after another are ranked in that order, and begin anew after the last', () => {
  assert.equal(said(press('c', 'a')), 'c > a > b > d 2')
  assert.equal(said(press('c', 'a', 'c')), 'c > a > b > d 2')
  assert.equal(said(press('c', 'a', 'b', 'd')), 'c > a > b > d 4')
  assert.equal(said(press('c', 'a', 'b', 'd', 'd')), 'd > c > a > b 1')
})

test('moving goes out of a group, over the next one, and stops at the ends', () => {
  const start = confirmed({ groups: [['a'], ['b', 'c'], ['d']], ranked: 0 })
  assert.equal(said(moved(start, 'a', 1)), 'b = c > a > d 4')
  assert.equal(said(moved(start, 'c', -1)), 'a > c > b > d 4')
  assert.equal(said(moved(start, 'b', 1)), 'a > c > b > d 4')
  assert.equal(moved(start, 'a', -1), start)
  assert.equal(moved(start, 'd', 1), start)
  assert.equal(moved(start, 'z', 1), start)
})

test('dropping between groups, into one, and where it stood', () => {
  const start = confirmed(begin(NAMES))
  assert.equal(said(dropped(start, 'd', { before: 0 })), 'd > a > b > c 4')
  assert.equal(said(dropped(start, 'a', { before: 4 })), 'b > c > d > a 4')
  assert.equal(said(dropped(start, 'a', { into: 2 })), 'b > c = a > d 4')
  for (const target of [{ before: 1 }, { before: 2 }, { into: 1 }]) assert.equal(dropped(start, 'b', target), start)
})

test('ties with the one above, and apart again', () => {
  const start = confirmed(begin(NAMES))
  const both = tied(start, 'b')
  assert.equal(said(both), 'a = b > c > d 4')
  assert.equal(tied(both, 'b'), both)
  assert.equal(tied(start, 'a'), start)
  assert.equal(said(tied(both, 'c')), 'a = b = c > d 4')
  assert.equal(said(split(tied(both, 'c'), 'b')), 'a > b = c > d 4')
  assert.equal(said(split(both, 'a')), 'a > b > c > d 4')
  assert.equal(split(start, 'a'), start)
})

test('those ranked one by one may be tied and moved among themselves; else all stands as it is', () => {
  const two = press('c', 'a')
  assert.equal(said(tied(two, 'a')), 'c = a > b > d 2')
  assert.equal(said(appended(tied(two, 'a'), 'd')), 'c = a > d > b 3')
  assert.equal(said(moved(two, 'a', -1)), 'a > c > b > d 2')
  assert.equal(said(moved(two, 'a', 1)), 'c > b > a > d 4')
  assert.equal(said(moved(two, 'd', -1)), 'c > a > d > b 4')
  assert.equal(said(tied(two, 'b')), 'c > a = b > d 4')
})

test('a stored order is read where it is one of exactly these names', () => {
  assert.equal(said(standingOf([['b'], ['a', 'c'], ['d']], NAMES)!), 'b > a = c > d 4')
  for (const odd of [undefined, null, 3, 'abcd', [['a']], [['a', 'a'], ['b'], ['c']], [['a'], ['b'], ['c'], ['x']], [['a'], 'b'], { a: 1 }])
    assert.equal(standingOf(odd, NAMES), undefined)
  assert.equal(groupsOf([['a'], [1]]), undefined)
  assert.deepEqual(groupsOf(['b', ['a', 'c']]), [['b'], ['a', 'c']])
})

test('picks set the best and the worst apart', () => {
  assert.deepEqual(picked(NAMES, 'c'), [['c'], ['a', 'b', 'd']])
  assert.deepEqual(picked(NAMES, 'c', 'a'), [['c'], ['b', 'd'], ['a']])
  assert.deepEqual(picked(['a', 'b'], 'b', 'a'), [['b'], ['a']])
  assert.deepEqual(picked(['a'], 'a'), [['a']])
})

test('mean places: ties share theirs', () => {
  assert.deepEqual([...ranksOf([['a'], ['b', 'c'], ['d']])], [['a', 1], ['b', 2.5], ['c', 2.5], ['d', 4]])
  const means = meanRanks([[['a'], ['b']], [['b'], ['a']], [['a', 'b']]], ['a', 'b', 'x'])
  assert.deepEqual([...means], [['a', 1.5], ['b', 1.5]])
})

test('fields stand as they are shown and are called by their place', () => {
  assert.deepEqual(inPlace(['a', 'b', 'c'], ['c', 'x', 'a', 'c']), ['c', 'a', 'b'])
  assert.deepEqual(filled(['a', 'b', 'c'], { a: 'x', b: '', d: 'y' }), ['a'])
  assert.deepEqual([0, 25, 26, 51, 52].map(letterOf), ['A', 'Z', 'AA', 'AZ', 'BA'])
  assert.deepEqual([placeName(0, 2), placeName(1, 2), placeName(1, 3)], ['Left', 'Right', 'B'])
  assert.deepEqual(flat([['a'], ['b', 'c']]), ['a', 'b', 'c'])
})
