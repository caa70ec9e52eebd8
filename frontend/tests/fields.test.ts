import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readLink } from '../src/lib/links'
import { hasMaths, loadMaths, mathsAt, typeset } from '../src/lib/maths'
import { clock, faster, SPEEDS } from '../src/lib/playing'
import { readTurns } from '../src/lib/turns'

test('maths stands between its marks, and money is no maths', () => {
  assert.deepEqual(mathsAt('a $x^2$ b', 2), { tex: 'x^2', display: false, end: 7 })
  assert.deepEqual(mathsAt('$$\\frac12$$', 0), { tex: '\\frac12', display: true, end: 11 })
  assert.deepEqual(mathsAt('\\[a\nb\\]', 0), { tex: 'a\nb', display: true, end: 7 })
  assert.deepEqual(mathsAt('\\(a\\)!', 0), { tex: 'a', display: false, end: 5 })
  assert.deepEqual(mathsAt('$a\\$b$', 0), { tex: 'a\\$b', display: false, end: 6 })
  for (const text of ['$5 and $6', 'cost: $5', '$ x$', '$x $', '$$ $$', '$$x', '\\(x', 'no marks', '$a\n\nb$', 'a$1b$2', ''])
    assert.equal(hasMaths(text), false, text)
  for (const text of ['Let $x$ be', 'so $$y$$', '\\[z\\]']) assert.ok(hasMaths(text), text)
  assert.equal(hasMaths(`$${'x'.repeat(20_000)}$`), false)
  const before = performance.now()
  hasMaths('$x '.repeat(100_000))
  assert.ok(performance.now() - before < 2_000, 'many dollars cost little')
})

test('maths is set as MathML without style, class or script, and what is none stays as it is', async () => {
  assert.equal(typeset('x', false), null, 'the typesetter is not there yet')
  await loadMaths()
  const html = typeset('\\frac{a}{b}', true)!
  assert.match(html, /<math[^>]* display="block"/)
  assert.match(html, /<mfrac>/)
  for (const tex of ['\\frac{a}{b}', '\\sqrt[3]{x}', '\\begin{pmatrix}a&b\\\\c&d\\end{pmatrix}', '\\text{<img src=x onerror=alert(1)>}', '\\href{javascript:alert(1)}{x}'])
    assert.doesNotMatch(typeset(tex, true)!, / style=|annotation|semantics|<img|href=/, tex)
  assert.equal(typeset('\\frac{', false), null)
  assert.equal(typeset('\\def\\a{\\a\\a}\\a', false), null, 'a macro that calls itself is stopped')
})

test('only addresses of pages are links, and the host is the one the browser would ask', () => {
  assert.deepEqual(readLink('https://example.org/a?b'), { href: 'https://example.org/a?b', host: 'example.org' })
  assert.equal(readLink('http://EXAMPLE.org:8080')!.host, 'example.org:8080')
  assert.equal(readLink('https://bank.example@evil.example/')!.host, 'evil.example')
  assert.match(readLink('https://аpple.com/')!.host, /^xn--/) // a Cyrillic letter
  for (const text of ['javascript:alert(1)', 'data:text/html,x', 'ftp://example.org', '/here', 'example.org', '', ' javascript:alert(1)', 'https://'])
    assert.equal(readLink(text), null, text)
})

test('conversations are lists of turns', () => {
  assert.deepEqual(readTurns('[{"role":"user","content":"Hi"}]'), [{ role: 'user', content: 'Hi' }])
  assert.deepEqual(readTurns('[]'), [])
  for (const text of ['', 'x', '{}', '[1]', '[null]', '[{"role":"user"}]', '[{"role":1,"content":"x"}]', '"x"']) assert.equal(readTurns(text), null, text)
})

test('speeds go round, and times read as times', () => {
  const seen = [1]
  for (let at = 0; at < SPEEDS.length; at += 1) seen.push(faster(seen.at(-1)!))
  assert.deepEqual(seen, [1, 1.25, 1.5, 1.75, 2, 0.75, 1])
  assert.deepEqual([0, 5, 65, 3605, NaN, Infinity, -1].map(clock), ['0:00', '0:05', '1:05', '1:00:05', '0:00', '0:00', '0:00'])
})
