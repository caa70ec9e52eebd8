import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Drafts } from '../src/lib/drafts'

class Memory {
  #map = new Map<string, string>()
  get length(): number {
    return this.#map.size
  }
  key = (at: number): string | null => [...this.#map.keys()][at] ?? null
  getItem = (key: string): string | null => this.#map.get(key) ?? null
  setItem = (key: string, value: string): void => void this.#map.set(key, value)
  removeItem = (key: string): void => void this.#map.delete(key)
  clear = (): void => this.#map.clear()
}

test('what is begun is there for who comes back, with the same form only', () => {
  const memory = new Memory()
  const drafts = new Drafts(1, memory)
  drafts.note('item', 3, { q: 'half a sen' })
  drafts.note('item', 3, { q: 'half a sentence' })
  assert.equal(memory.length, 0, 'not at every letter')
  drafts.flush()
  assert.deepEqual(new Drafts(1, memory).read('item', 3), { q: 'half a sentence' })
  assert.equal(new Drafts(1, memory).read('item', 4), undefined)
  assert.equal(new Drafts(2, memory).read('item', 3), undefined, 'of somebody else')
  assert.equal(new Drafts(1, memory).read('other', 3), undefined)
})

test('going to another item writes the first down', () => {
  const memory = new Memory()
  const drafts = new Drafts(1, memory)
  drafts.note('one', 1, { q: 'a' })
  drafts.note('two', 1, { q: 'b' })
  assert.deepEqual(drafts.read('one', 1), { q: 'a' })
  drafts.flush()
  assert.deepEqual(drafts.read('two', 1), { q: 'b' })
})

test('what is sent or emptied leaves no draft', () => {
  const memory = new Memory()
  const drafts = new Drafts(1, memory)
  drafts.note('item', 1, { q: 'a' })
  drafts.flush()
  drafts.note('item', 1, { q: 'ab' })
  drafts.drop('item')
  drafts.flush()
  assert.equal(memory.length, 0)
  drafts.note('item', 1, { q: 'a' })
  drafts.flush()
  drafts.note('item', 1, {})
  drafts.flush()
  assert.equal(memory.length, 0)
})

test('it is written by itself when the hand pauses', async () => {
  const memory = new Memory()
  new Drafts(1, memory).note('item', 1, { q: 'a' })
  await new Promise((resolve) => setTimeout(resolve, 400))
  assert.equal(memory.length, 1)
})

test('what nobody came back to for a month goes, and so does what cannot be read; the rest of the storage stays', () => {
  const memory = new Memory()
  const day = 24 * 3_600_000
  let now = 0
  const drafts = new Drafts(1, memory, () => now)
  drafts.note('old', 1, { q: 'a' })
  drafts.flush()
  now = 20 * day
  drafts.note('new', 1, { q: 'b' })
  drafts.flush()
  memory.setItem('goldwork.draft.1.broken', '{')
  memory.setItem('goldwork.single-keys', 'off')
  now = 40 * day
  drafts.tidy()
  assert.deepEqual([memory.key(0), memory.key(1), memory.length], ['goldwork.draft.1.new', 'goldwork.single-keys', 2])
})

test('a full storage and none at all break nothing', () => {
  const full = new Memory()
  full.setItem = () => {
    throw new DOMException('full', 'QuotaExceededError')
  }
  for (const storage of [full, null]) {
    const drafts = new Drafts(1, storage)
    drafts.note('item', 1, { q: 'a' })
    drafts.flush()
    assert.equal(drafts.read('item', 1), undefined)
    drafts.drop('item')
    drafts.tidy()
  }
})
