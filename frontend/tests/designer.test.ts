import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readFault } from '../src/routes/project/designer/faults'
import { fill } from '../src/routes/project/designer/samples'
import { blank, editorOf, fixedLength, resolve, type Defs, type Schema } from '../src/routes/project/designer/schema'
import { choiceFor, isKnown, wordsFor } from '../src/routes/project/designer/words'

const defs: Defs = {
  Class: { type: 'object', properties: { value: { type: 'string' }, label: { type: 'string' }, key: { type: 'string' }, color: { type: 'string' } }, required: ['value'] },
  Part: { type: 'object', properties: { name: { type: 'string' }, low: { type: 'integer', default: 1 }, many: { type: 'array', items: { type: 'string' } } }, required: ['name', 'many'] },
  Deep: { type: 'object', properties: { inner: { $ref: '#/$defs/Part' } }, required: ['inner'] },
  Round: { $ref: '#/$defs/Round' },
}
const of = (name: string): Schema => ({ $ref: `#/$defs/${name}` })
const list = (items: Schema): Schema => ({ type: 'array', items })

test('every kind of setting has its editor, told from its schema', () => {
  const cases: [string, Schema, string][] = [
    ['low', { type: 'number', default: 1 }, 'number'],
    ['low', { type: 'integer' }, 'integer'],
    ['tie', { type: 'boolean' }, 'boolean'],
    ['mode', { enum: ['a', 'b'] }, 'enum'],
    ['field', { type: 'string' }, 'field'],
    ['hint', { type: 'string' }, 'text'],
    ['fields', list({ type: 'string' }), 'fields'],
    ['fields', { type: 'array', prefixItems: [{ type: 'string' }, { type: 'string' }], items: false }, 'fields'],
    ['roles', list({ type: 'string' }), 'strings'],
    ['rows', list(of('Class')), 'classes'],
    ['parts', list(of('Part')), 'rows'],
    ['deep', list(of('Deep')), 'json'],
    ['part', of('Part'), 'object'],
    ['maybe', { anyOf: [{ type: 'integer' }, { type: 'null' }] }, 'integer'],
    ['either', { anyOf: [{ type: 'integer' }, { type: 'string' }] }, 'json'],
    ['any', {}, 'json'],
    ['pairs', list(list({ type: 'string' })), 'json'],
  ]
  for (const [name, schema, editor] of cases) assert.equal(editorOf(name, schema, defs), editor, `${name}: ${JSON.stringify(schema)}`)
})

test('references that go round end', () => {
  assert.equal(editorOf('x', of('Round'), defs), 'json')
  assert.deepEqual(resolve({ $ref: '#/$defs/Nowhere' }, defs), {})
})

test('a new entry has what has to be there', () => {
  assert.deepEqual(blank(of('Part'), defs), { name: '', many: [] })
  assert.deepEqual(blank({ type: 'object', properties: { n: { type: 'number' } }, required: ['n'] }, defs), { n: undefined })
  assert.equal(blank({ enum: ['x', 'y'] }, defs), 'x')
  assert.equal(fixedLength({ type: 'array', prefixItems: [{}, {}], items: false }), 2)
  assert.equal(fixedLength(list({ type: 'string' })), 0)
})

test('settings are called by words, those of other packages by their names', () => {
  assert.equal(wordsFor('rating', 'low'), 'From')
  assert.equal(wordsFor('likert-grid', 'low'), 'Low')
  assert.equal(wordsFor('likert-grid', 'how_often'), 'How often')
  assert.equal(choiceFor('pick', 'best'), 'the best one')
  assert.equal(choiceFor('pick', 3), '3')
  assert.ok(isKnown('rating', ['low', 'slider']))
  assert.ok(!isKnown('likert-grid', ['rows']))
})

test('what does not fit is said with the setting it is about', () => {
  assert.equal(readFault('Object missing required field `value` - at `$.anchors[0]`', 'rating'), 'What places on the scale mean, line 1: Value is missing.')
  assert.equal(readFault('Expected `int`, got `str` - at `$.low`', 'chat'), 'Turns at least, or the scale from: Expected `int`, got `str`')
  assert.equal(readFault('A scale needs low < high.', 'rating'), 'A scale needs low < high.')
})

test('samples go by what fields were called, and something stands for what is not there', () => {
  const fields = [{ name: 'renamed', was: 'text' }, { name: 'link', show: 'link' as const }, { name: 'sound', show: 'audio' as const }]
  const filled = fill(fields, { text: 'Hello' })
  assert.equal(filled.renamed, 'Hello')
  assert.match(filled.link!, /^https:/)
  assert.equal(filled.sound, '')
  assert.deepEqual(Object.keys(fill([], { a: '1', b: '2' })), ['a', 'b'])
  assert.deepEqual(Object.keys(fill([], undefined)), ['text'])
  assert.equal(fill([{ name: 'x' }], { x: 'data:text/html;base64,AAAA' }).x, 'data:text/html;base64,AAAA', 'stays a text')
})
