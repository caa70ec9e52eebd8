import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diffWords } from '../src/lib/diff'

const said = (a: string, b: string, most?: number): string =>
  diffWords(a, b, most)
    .map(({ kind, text }) => (kind === 'same' ? text : kind === 'added' ? `{+${text}+}` : `[-${text}-]`))
    .join('')

const back = (a: string, b: string, most?: number): void => {
  const changes = diffWords(a, b, most)
  const without = (kind: string): string => changes.filter((change) => change.kind !== kind).map((change) => change.text).join('')
  assert.equal(without('added'), a)
  assert.equal(without('removed'), b)
  for (const [at, change] of changes.entries()) {
    assert.ok(change.text)
    assert.notEqual(change.kind, changes[at + 1]?.kind, 'neighbours are put together')
  }
}

test('words that were changed, added, removed', () => {
  assert.equal(said('The cat sat.', 'The dog sat.'), 'The [-cat-]{+dog+} sat.')
  assert.equal(said('one two', 'one two three'), 'one two{+ three+}')
  assert.equal(said('one two three', 'one three'), 'one [-two -]three')
  assert.equal(said('', 'new'), '{+new+}')
  assert.equal(said('old', ''), '[-old-]')
  assert.equal(said('same', 'same'), 'same')
  assert.equal(said('', ''), '')
  assert.equal(said('東京は暑い', '東京は寒い'), '東京は[-暑-]{+寒+}い')
  assert.equal(said('cafe\u0301 👩🏽‍🚀!', 'cafe 👩🏽‍🚀!'), '[-cafe\u0301-]{+cafe+} 👩🏽‍🚀!')
  assert.equal(said('שלום עולם', 'שלום לכם'), 'שלום [-עולם-]{+לכם+}')
})

test('both texts can be had back from the changes, whatever they are', () => {
  let seed = 7
  const random = (below: number): number => (seed = (seed * 48271) % 2147483647) % below
  for (let round = 0; round < 400; round++) {
    const text = (): string => Array.from({ length: random(14) }, () => 'ab😀 \n,é'[random(7)] ?? '').join('') + ' x'.repeat(random(3))
    const [a, b] = [text(), text()]
    back(a, b)
    back(a, b, 2)
  }
})

test('it finds the fewest changes', () => {
  const changed = diffWords('a b c a b b a', 'c b a b a c').filter((change) => change.kind !== 'same')
  assert.ok(changed.map((change) => change.text).join('').replace(/ /g, '').length <= 5)
})

test('long texts take no time, and what differs altogether is not looked into', () => {
  const words = Array.from({ length: 50_000 }, (_, n) => `word${n % 997}`)
  const other = words.map((word, n) => (n % 500 === 250 ? 'changed' : word))
  const begun = performance.now()
  assert.equal(diffWords(words.join(' '), other.join(' ')).filter((change) => change.kind === 'added').length, 100)
  const different = diffWords(words.join(' '), words.map((word) => `${word}x`).join(' '))
  assert.ok(performance.now() - begun < 3000)
  assert.deepEqual(different.map((change) => change.kind).slice(0, 2), ['removed', 'added'])
})
