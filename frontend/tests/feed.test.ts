import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Assignment } from '../src/api/types'
import { Feed } from '../src/outbox/feed'

const item = (id: string, until = 1000): Assignment => ({ id, fields: {}, leased_until: until })
const next = (...ids: string[]) => ({ assignments: ids.map((id) => item(id)) })
const none = (): boolean => false
const ids = (feed: Feed): string[] => feed.items.map((a) => a.id)

test('what is on the screen stays there, what is new comes behind', () => {
  const feed = new Feed()
  feed.merge(next('a', 'b'), none, 0)
  feed.merge(next('c', 'b', 'a'), none, 0)
  assert.deepEqual(ids(feed), ['a', 'b', 'c'])
})

test('what was answered here does not come back with a late reply', () => {
  const feed = new Feed()
  feed.merge(next('a', 'b', 'c'), none, 0)
  feed.shift()
  feed.merge(next('a', 'b', 'c', 'd'), (id) => id === 'a', 0)
  assert.deepEqual(ids(feed), ['b', 'c', 'd'])
})

test('items whose lease is over go, unless the server lists them or they are on the screen', () => {
  const feed = new Feed()
  feed.merge({ assignments: [item('a', 10), item('b', 10), item('c', 10), item('d', 99)] }, none, 0)
  feed.merge(next('c'), none, 50)
  assert.deepEqual(ids(feed), ['a', 'c', 'd'])
  assert.equal(feed.items[1]?.leased_until, 1000, 'the lease is the new one')
})

test('what is on the screen stays the same object while only its lease is new', () => {
  const feed = new Feed()
  const review = { form: { questions: [] } }
  const told = (until: number, extra = {}) => ({ ...item('a', until), review: structuredClone(review), ...extra }) as unknown as Assignment
  feed.merge({ assignments: [told(10)] }, none, 0)
  const before = feed.items[0]!
  feed.merge({ assignments: [told(20)] }, none, 0)
  assert.equal(feed.items[0]?.leased_until, 20)
  assert.equal(feed.items[0]?.review, before.review)
  assert.equal(feed.items[0]?.fields, before.fields)
  feed.merge({ assignments: [told(20, { fields: { text: 'b' } })] }, none, 0)
  assert.deepEqual(feed.items[0]?.fields, { text: 'b' }, 'something else is new: all of it is')
})

test('an undone item comes to the front and stays though the server does not list it yet', () => {
  const feed = new Feed()
  feed.merge(next('b', 'c'), none, 0)
  feed.unshift(item('a', 0))
  feed.merge(next('b', 'c'), none, 50)
  assert.deepEqual(ids(feed), ['a', 'b', 'c'])
})

test('how many to ask for: what is wanted ahead and what unsent answers still hold, up to the limit', () => {
  const feed = new Feed()
  assert.equal(feed.count(0), 10)
  assert.equal(feed.count(7), 17)
  assert.equal(feed.count(500), 200)
})
