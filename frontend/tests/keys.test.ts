import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assignKeys, cap, KeyCollision, keyName, Keys, PUNCTUATION, shortcut, type Binding } from '../src/keys/registry'

const made = (key: string, run = (): void => {}): Binding => ({ key, label: key, group: 'g', run })
const pressed = (key: string, more: object = {}) => ({
  key,
  code: '',
  shiftKey: false,
  ctrlKey: false,
  altKey: false,
  metaKey: false,
  repeat: false,
  isComposing: false,
  target: null,
  ...more,
})

test('collisions are refused, and nothing of the refused group is bound', () => {
  const keys = new Keys()
  keys.bind(made('1'), made('g'))
  assert.throws(() => keys.bind(made('2'), made('g')), KeyCollision)
  assert.throws(() => keys.bind(made('3'), made('3')), KeyCollision)
  assert.deepEqual(keys.list().map((b) => b.key), ['1', 'g'])
})

test('what is no key of ours is refused: combinations, system keys, capitals', () => {
  for (const key of ['Control+s', 'F5', 'Tab', 'A', 'é', '', '12', 'Meta']) assert.throws(() => new Keys().bind(made(key)), KeyCollision)
})

test('unbinding takes away one’s own only', () => {
  const keys = new Keys()
  const free = keys.bind(made('1'))
  free()
  let hit = 0
  keys.bind(made('1', () => (hit += 1)))
  free()
  assert.ok(keys.press(pressed('1')))
  assert.equal(hit, 1)
})

test('modifiers, composition, repetition and typing never answer', () => {
  const keys = new Keys()
  let hit = 0
  keys.bind(made('1', () => (hit += 1)), made('Space', () => (hit += 1)))
  for (const more of [{ ctrlKey: true }, { altKey: true }, { metaKey: true }, { shiftKey: true }, { isComposing: true }])
    assert.equal(keys.press(pressed('1', more)), false)
  assert.equal(keys.press(pressed('1', { repeat: true })), true, 'a held key is used up')
  const inside = (what: string) => ({ target: { closest: (s: string) => (s.split(',').some((p) => p.trim().startsWith(what)) ? {} : null) } })
  assert.equal(keys.press(pressed('1', inside('textarea'))), false)
  assert.equal(keys.press(pressed(' ', inside('button'))), false, 'Space presses the focused button')
  assert.equal(keys.press(pressed(' ', { ...inside('button'), repeat: true })), true, 'once')
  assert.equal(hit, 0)
  keys.press(pressed('1'))
  keys.press(pressed(' '))
  assert.equal(hit, 2)
})

test('a dialog’s layer has the floor while it is open', () => {
  const keys = new Keys()
  const said: string[] = []
  keys.bind(made('1', () => said.push('page')), made('g', () => said.push('open')))
  const close = keys.layer(made('g', () => said.push('close')))
  keys.press(pressed('1'))
  keys.press(pressed('g'))
  close()
  keys.press(pressed('1'))
  assert.deepEqual(said, ['close', 'page'])
})

test('single keys can be switched off; the others stay', () => {
  const keys = new Keys()
  let hit = 0
  keys.bind(made('1', () => (hit += 1)), made('Backspace', () => (hit += 10)))
  keys.enabled = false
  keys.press(pressed('1'))
  keys.press(pressed('Backspace'))
  assert.equal(hit, 10)
})

test('keys are found on other layouts by their place', () => {
  assert.equal(keyName({ key: '&', code: 'Digit1', shiftKey: false }), '1') // AZERTY
  assert.equal(keyName({ key: 'п', code: 'KeyG', shiftKey: false }), 'g') // Cyrillic
  assert.equal(keyName({ key: '٣', code: 'Digit3', shiftKey: false }), '3') // Arabic
  assert.equal(keyName({ key: '7', code: 'Numpad7', shiftKey: false }), '7')
  assert.equal(keyName({ key: 'G', code: 'KeyG', shiftKey: false }), 'g') // Caps Lock
  assert.equal(keyName({ key: '?', code: 'Slash', shiftKey: true }), '?')
  assert.equal(keyName({ key: '@', code: 'Digit2', shiftKey: true }), null)
  assert.equal(keyName({ key: 'z', code: 'KeyY', shiftKey: false }), 'z') // QWERTZ: the letter counts
})

test('punctuation and the arrows are keys too, for what is no answer', () => {
  const keys = new Keys()
  const said: string[] = []
  const all = [...Object.keys(PUNCTUATION), 'ArrowLeft', 'ArrowRight', 'Delete']
  keys.bind(...all.map((key) => made(key, () => said.push(key))))
  for (const key of all) assert.ok(keys.press(pressed(key)), key)
  assert.deepEqual(said, all)
  assert.deepEqual(all.map(cap), ['[', ']', '+', '-', ',', '.', ';', "'", '←', '→', 'Del'])
  assert.equal(shortcut('+'), 'Plus', 'a plus joins keys in aria-keyshortcuts')
  assert.equal(shortcut('['), '[')
  for (const key of ['(', '=', '_', '\\', '`', ':', '"', '<']) assert.throws(() => new Keys().bind(made(key)), KeyCollision)
  keys.enabled = false
  assert.equal(keys.press(pressed(';')), false, 'a mark is a single key')
  assert.ok(keys.press(pressed('ArrowLeft')))
  const inside = { target: { closest: (s: string) => (s.startsWith('input:not') ? {} : null) } }
  assert.equal(keys.press(pressed('ArrowLeft', inside)), false, 'a slider keeps its arrows')
})

test('punctuation is found on other layouts: by the mark, else by its place', () => {
  assert.equal(keyName({ key: '+', code: 'Equal', shiftKey: true }), '+') // US: with Shift
  assert.equal(keyName({ key: '=', code: 'Equal', shiftKey: false }), '+') // and without
  assert.equal(keyName({ key: '+', code: 'BracketRight', shiftKey: false }), '+') // German: the mark counts
  assert.equal(keyName({ key: '-', code: 'Slash', shiftKey: false }), '-')
  assert.equal(keyName({ key: 'ü', code: 'BracketLeft', shiftKey: false }), '[')
  assert.equal(keyName({ key: 'Ü', code: 'BracketLeft', shiftKey: true }), null)
  assert.equal(keyName({ key: 'х', code: 'BracketLeft', shiftKey: false }), '[') // Cyrillic
  assert.equal(keyName({ key: '-', code: 'Digit6', shiftKey: false }), '6') // AZERTY: digits answer
  assert.equal(keyName({ key: '.', code: 'Comma', shiftKey: true }), '.') // AZERTY: with Shift
  assert.equal(keyName({ key: 's', code: 'Semicolon', shiftKey: false }), 's') // Dvorak
  assert.equal(keyName({ key: '-', code: 'NumpadSubtract', shiftKey: false }), '-')
  assert.equal(keyName({ key: ':', code: 'Semicolon', shiftKey: true }), null)
  assert.equal(keyName({ key: 'Dead', code: 'Equal', shiftKey: false }), null)
  assert.equal(keyName({ key: 'Delete', code: 'Delete', shiftKey: false }), 'Delete')
})

test('classes get their own keys, then digits, then letters but G and F', () => {
  assert.deepEqual(assignKeys([{ key: 'x' }, {}, { key: '1' }, {}]), ['x', '2', '1', '3'])
  const many = assignKeys(Array.from({ length: 40 }, () => ({})))
  assert.deepEqual(many.slice(0, 10), [...'1234567890'])
  assert.equal(new Set(many.filter(Boolean)).size, 34)
  assert.ok(!many.includes('g') && !many.includes('f'))
  assert.deepEqual(assignKeys([{ key: 'a' }, { key: 'A' }, { key: 'g' }]), ['a', '1', '2'])
  assert.deepEqual(assignKeys([{ key: '[' }, { key: '?' }, { key: ',' }]), ['1', '2', '3'])
})

test('held down, only what repeats goes on', () => {
  const keys = new Keys()
  let [moved, labelled] = [0, 0]
  keys.bind({ ...made('ArrowLeft', () => moved++), repeats: true }, made('1', () => labelled++))
  for (const repeat of [false, true, true])
    for (const key of ['ArrowLeft', '1']) assert.ok(keys.press(pressed(key, { repeat })))
  assert.deepEqual([moved, labelled], [3, 1])
})
