/** Breaks: one that is due can be put off once, a suggestion comes seldom. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Rest } from '../src/api/types'
import { BREAK_MS, isDue, isWelcome, QUIET_MS } from '../src/lib/breaks'

const NOW = 1_000_000_000
const rest = (more: Partial<Rest>): Rest => ({ minutes: 0, limit: 45, since: NOW, after: 0, slower: 0, taken_back: 0, ...more })

test('a break is due at the limit, where there is one', () => {
  assert.equal(isDue(rest({ minutes: 44.9 }), undefined, NOW), false)
  assert.equal(isDue(rest({ minutes: 45 }), undefined, NOW), true)
  assert.equal(isDue(rest({ minutes: 500, limit: 0 }), undefined, NOW), false)
  assert.equal(isDue(null, undefined, NOW), false)
})

test('put off, it comes back after ten minutes', () => {
  const long = rest({ minutes: 50 })
  assert.equal(isDue(long, NOW, NOW), false)
  assert.equal(isDue(long, NOW - BREAK_MS + 1, NOW), false)
  assert.equal(isDue(long, NOW - BREAK_MS, NOW), true)
})

test('it ends by itself ten minutes after the last answer', () => {
  const long = rest({ minutes: 50 })
  assert.equal(isDue(long, undefined, NOW + BREAK_MS - 1), true)
  assert.equal(isDue(long, undefined, NOW + BREAK_MS), false)
})

test('a suggestion comes once in half an hour', () => {
  const tired = rest({ after: 60, slower: 0.5 })
  assert.equal(isWelcome(rest({}), undefined, NOW), false)
  assert.equal(isWelcome(tired, undefined, NOW), true)
  assert.equal(isWelcome(tired, NOW - QUIET_MS + 1, NOW), false)
  assert.equal(isWelcome(tired, NOW - QUIET_MS, NOW), true)
})
