import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fitting, over, put, replace, without } from '../src/primitives/spans/edit'
import { lanes, layout, lines, type Drawn } from '../src/primitives/spans/layout'
import { Points } from '../src/primitives/spans/points'
import { letters, words, type Pieces } from '../src/primitives/spans/tokens'

const TEXTS = [
  'Ada Lovelace met Charles Babbage, in London.  Twice\tthen\n\nand again.',
  '👩🏽‍🚀 flew 🇩🇪🇫🇷 with 1️⃣ 👨‍👩‍👧‍👦, e\u0301le\u0300ve; 🏴󠁧󠁢󠁥󠁮󠁧󠁿 and ❤️‍🔥.',
  'وُلد إسحاق نيوتن في إنجلترا عام 1643م.',
  'שָׁלוֹם עולם, זה מבחן.',
  '東京タワーは1958年に完成しました。が゙ Zürich 한국어',
  'नमस्ते दुनिया क्षत्रिय สวัสดีครับ',
  'line\r\nline',
]

const cut = (text: string, pieces: Pieces): string[] => pieces.starts.map((start, at) => text.slice(start, pieces.ends[at]))

test('code points and code units are told apart in every text', () => {
  for (const text of TEXTS) {
    const points = new Points(text)
    const letters = [...text]
    assert.equal(points.length, letters.length)
    let unit = 0
    letters.forEach((letter, point) => {
      assert.equal(points.unit(point), unit)
      for (let half = 0; half < letter.length; half++) assert.equal(points.point(unit + half), point)
      unit += letter.length
    })
    assert.equal(points.point(unit), letters.length)
    assert.equal(points.slice(1, 4), letters.slice(1, 4).join(''))
  }
})

test('words are words, with and without Intl.Segmenter', () => {
  for (const plain of [false, true]) {
    const ada = TEXTS[0]!
    assert.deepEqual(cut(ada, words(ada, plain)).slice(0, 8), ['Ada', 'Lovelace', 'met', 'Charles', 'Babbage', ',', 'in', 'London'])
    assert.equal(cut(TEXTS[2]!, words(TEXTS[2]!, plain))[2], 'نيوتن')
    assert.equal(cut(TEXTS[3]!, words(TEXTS[3]!, plain))[0], 'שָׁלוֹם')
  }
  assert.ok(cut(TEXTS[4]!, words(TEXTS[4]!)).includes('完成'))
  assert.deepEqual(cut('東京は', words('東京は', true)), ['東', '京', 'は'])
})

test('no piece ends within a character', () => {
  for (const text of TEXTS) {
    const whole = letters(text)
    const ends = new Set([0, ...whole.ends])
    for (const plain of [false, true]) {
      const pieces = words(text, plain)
      for (const place of [...pieces.starts, ...pieces.ends]) {
        // What is written without Intl.Segmenter does not know the conjuncts of India, which are several letters.
        if (plain && /\p{Script=Devanagari}/u.test(text)) continue
        assert.ok(ends.has(place), `${plain ? 'plain' : 'segmenter'}: ${JSON.stringify(text.slice(0, place))}`)
      }
    }
  }
})

test('pieces are found by place', () => {
  const pieces = words('ab  cd e')
  assert.deepEqual([0, 1, 2, 3, 4, 6, 7, 8].map((unit) => pieces.at(unit)), [0, 0, 1, 1, 1, 2, 2, 2])
  assert.deepEqual([0, 1, 4, 5].map((unit) => pieces.before(unit)), [-1, 0, 0, 1])
  assert.equal(words('').count, 0)
})

const span = (start: number, end: number, label = 'a') => ({ start, end, label })

test('where spans may not overlap, a clash is refused and a correction taken', () => {
  const spans = [span(0, 4), span(6, 9, 'b')]
  assert.deepEqual(put(spans, span(0, 4, 'b'), false), { spans: [span(0, 4, 'b'), span(6, 9, 'b')] }, 'another label')
  assert.deepEqual(put(spans, span(0, 5), false), { spans: [span(0, 5), span(6, 9, 'b')] }, 'a larger one takes it in')
  assert.deepEqual(put(spans, span(0, 7), false), { inTheWay: span(6, 9, 'b') })
  assert.deepEqual(put(spans, span(1, 3), false), { inTheWay: span(0, 4) })
  assert.deepEqual(put(spans, span(4, 6), false), { spans: [span(0, 4), span(4, 6), span(6, 9, 'b')] })
  assert.deepEqual(replace(spans, span(0, 4), span(0, 3), false), { spans: [span(0, 3), span(6, 9, 'b')] })
  assert.deepEqual(replace(spans, span(0, 4), span(0, 7), false), { inTheWay: span(6, 9, 'b') })
})

test('where they may, both stand, but never twice', () => {
  const spans = [span(0, 9), span(2, 4, 'b')]
  assert.deepEqual(put(spans, span(2, 4), true), { spans: [span(0, 9), span(2, 4), span(2, 4, 'b')] })
  assert.deepEqual(put(spans, span(2, 4, 'b'), true), { spans })
  assert.deepEqual(over(spans, 2, 3), span(2, 4, 'b'), 'the innermost')
  assert.deepEqual(over(spans, 5, 6), span(0, 9))
  assert.equal(over(spans, 9, 10), undefined)
  assert.deepEqual(without(spans, span(0, 9)), [span(2, 4, 'b')])
})

test('what does not fit is left out', () => {
  const odd = [null, 7, {}, span(3, 2), span(0, 99), { start: '0', end: 2, label: 'a' }, span(-1, 2), span(4, 5), span(1, 2)]
  assert.deepEqual(fitting(odd, 10), [span(1, 2), span(4, 5)])
  for (const value of [null, undefined, 'x', { cannot_tell: 'x' }]) assert.deepEqual(fitting(value, 10), [])
})

const drawn = (start: number, end: number, lane = 0): Drawn => ({ start, end, lane, color: 'c1', label: 'a', id: '', on: false })

test('lines and segments put together are the text', () => {
  for (const text of [...TEXTS, '\n\na\n', '']) {
    assert.equal(lines(text).map(({ from, to }) => text.slice(from, to)).join(''), text)
    const marks = [drawn(0, 3), drawn(2, Math.max(3, text.length - 2)), drawn(2, 5)].filter((mark) => mark.end <= text.length)
    const made = layout(text, marks)
    assert.equal(made.flatMap((line) => line.segments.map((s) => s.text)).join(''), text)
    for (const { segments } of made)
      for (const { from, text: part, over } of segments)
        assert.deepEqual(over, marks.filter((mark) => mark.start < from + part.length && mark.end > from))
  }
})

test('marks that overlap are on lanes of their own', () => {
  assert.deepEqual(lanes([span(0, 9), span(1, 3), span(2, 4), span(3, 5), span(9, 12)]), [0, 1, 2, 1, 0])
  const many = Array.from({ length: 20 }, () => span(0, 5))
  assert.equal(Math.max(...lanes(many)), 5)
})

test('only what changed is made anew', () => {
  const text = 'one two\nthree four\nfive'
  const [first, second] = [drawn(0, 3), drawn(8, 13)]
  const before = layout(text, [first, second])
  const after = layout(text, [first, { ...second, on: true }], lines(text), before)
  assert.equal(after[0], before[0])
  assert.notEqual(after[1], before[1])
  assert.equal(after[1]!.segments[1], before[1]!.segments[1], 'the words after the mark')
  assert.equal(after[2], before[2])
})
