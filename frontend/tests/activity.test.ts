import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ActiveTimer } from '../src/lib/activity'

function clock() {
  let now = 0
  const timer = new ActiveTimer(() => now, 60_000)
  return { timer, pass: (seconds: number) => (now += seconds * 1000) }
}

test('time passes while somebody is there', () => {
  const { timer, pass } = clock()
  timer.start()
  pass(12.34)
  assert.equal(timer.seconds(), 12.3)
})

test('after a minute without a sign of life it stands still', () => {
  const { timer, pass } = clock()
  timer.start()
  pass(30)
  timer.touch()
  pass(3600)
  assert.equal(timer.seconds(), 90)
  timer.touch()
  pass(10)
  assert.equal(timer.seconds(), 100)
})

test('a hidden page does not count', () => {
  const { timer, pass } = clock()
  timer.start()
  pass(5)
  timer.hide()
  pass(500)
  timer.show()
  pass(5)
  assert.equal(timer.seconds(), 10)
  timer.hide()
  timer.hide()
  pass(100)
  assert.equal(timer.seconds(), 10)
})

test('started behind another window it waits for the page to be seen', () => {
  const { timer, pass } = clock()
  timer.start(false)
  pass(50)
  timer.show()
  pass(2)
  assert.equal(timer.seconds(), 2)
})

test('a new item starts at nought', () => {
  const { timer, pass } = clock()
  timer.start()
  pass(50)
  timer.start()
  assert.equal(timer.seconds(), 0)
})
