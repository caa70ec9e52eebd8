/**
 * What a form is answered with: the value of its one primitive, or where primitives are named an object of theirs.
 * Panes only show.
 */
import { isUnsure, type Asked, type DrawnQuestion, type Order, type Primitive } from '../api/forms'
import type { Item } from '../primitives/contract'
import { faultOf } from './faults'
import { sided } from './options'
import { filled, inPlace, letterOf, placeName } from './places'
import { groupsOf, saidOrder } from './ranking'
import { wordsOfPlace } from './scale'

export const isAsked = (primitive: Primitive): primitive is Asked => primitive.primitive !== 'panes'

/** What draws fields of the item stands beside it or in its place; the rest is asked at its side. */
const STAGE = new Set(['panes', 'order', 'turns', 'spans', 'boxes'])
export const isStage = (primitive: Primitive): boolean => STAGE.has(primitive.primitive)

/** The fields of the item that a primitive draws itself. */
export function fieldsOf(primitive: Primitive): readonly string[] {
  if ('fields' in primitive) return primitive.fields
  return 'field' in primitive ? [primitive.field] : []
}

export const asked = (question: DrawnQuestion): Asked[] => question.form.primitives.filter(isAsked)

type Parts = Record<string, unknown>
const parts = (answer: unknown): Parts => (typeof answer === 'object' && answer !== null ? (answer as Parts) : {})

/** A primitive's value within its question's answer; undefined where there is none yet. */
export function valueOf(primitive: Primitive, answer: unknown): unknown {
  if (!isAsked(primitive)) return undefined
  return primitive.name ? parts(answer)[primitive.name] : answer
}

/** The answer with another value of a primitive; undefined takes the value away. */
export function withValue(primitive: Asked, answer: unknown, value: unknown): unknown {
  if (!primitive.name) return value
  const { [primitive.name]: _, ...rest } = parts(answer)
  if (value === undefined) return Object.keys(rest).length ? rest : undefined
  return { ...rest, [primitive.name]: value }
}

/** What stands for nothing chosen, written or drawn, where that is an answer. */
export function empty(primitive: Asked): unknown {
  if (primitive.primitive === 'text') return primitive.low === 0 ? '' : undefined
  const list = primitive.primitive === 'toggles' || primitive.primitive === 'spans' || primitive.primitive === 'boxes'
  return list && !primitive.low ? [] : undefined
}

/** The answer with what stands for nothing where nothing was done. */
export function whole(question: DrawnQuestion, answer: unknown): unknown {
  return asked(question)
    .filter((primitive) => valueOf(primitive, answer) === undefined)
    .reduce((made, primitive) => withValue(primitive, made, empty(primitive)), answer)
}

/** The first primitive that still needs a value, or another one. */
export function open(question: DrawnQuestion, answer: unknown): Asked | undefined {
  return asked(question).find((primitive) => isOpen(primitive, valueOf(primitive, answer)))
}

export function isOpen(primitive: Asked, value: unknown): boolean {
  return value === undefined ? empty(primitive) === undefined : faultOf(primitive, value) !== ''
}

/** An item as a question's primitives show it. */
export function itemOf(question: DrawnQuestion, fields: Record<string, string>, shown: Record<string, string[]> = {}, id?: string): Item {
  const named = question.form.primitives.map(fieldsOf).find((names) => names.length > 1) ?? []
  const order = shown[question.name] ?? [...named]
  return { fields, shown: order, swapped: named.length === 2 && order[0] !== named[0], ...(id === undefined ? {} : { id }) }
}

/** The fields that stand in an order drawn by lot, with what they are called on the screen. */
export function standing(questions: readonly DrawnQuestion[], shown: Record<string, string[]> = {}): Map<string, string> {
  const found = new Map<string, string>()
  for (const question of questions) {
    for (const primitive of question.form.primitives) {
      if (primitive.primitive !== 'panes' && primitive.primitive !== 'order') continue
      const names = inPlace(primitive.fields, itemOf(question, {}, shown).shown)
      names.forEach((name, at) => found.has(name) || found.set(name, primitive.primitive === 'order' ? letterOf(at) : placeName(at, names.length)))
    }
  }
  return found
}

/** Whether the last key pressed answers the whole form, and sends it. */
export function isQuick(questions: readonly DrawnQuestion[]): boolean {
  const all = questions.flatMap(asked)
  return all.length === 1 && isPressed(all[0]!)
}

function isPressed(primitive: Asked): boolean {
  if (primitive.primitive === 'order') return primitive.pick === 'best' || primitive.pick === 'ends'
  return primitive.primitive === 'keys' || (primitive.primitive === 'scale' && !primitive.slider)
}

const MANY_WORDS = 60

/** An answer in a few words, for who hears it and for taking it back; of panes and cards by where they stand. */
export function wordsOf(question: DrawnQuestion | undefined, answer: unknown, item?: Item): string {
  if (!question || answer === undefined) return ''
  const words = asked(question).map((primitive) => wordOf(primitive, valueOf(primitive, answer), item)).filter(Boolean)
  const said = [...words.join(', ')]
  return said.length > MANY_WORDS ? `${said.slice(0, MANY_WORDS).join('')}…` : said.join('')
}

function wordOf(primitive: Asked, value: unknown, item?: Item): string {
  const swapped = item?.swapped ?? false
  if (value === undefined || value === null) return ''
  if (isUnsure(value)) return 'cannot tell'
  const label = (one: unknown): string => labels(primitive).get(String(one)) ?? String(one)
  switch (primitive.primitive) {
    case 'keys':
      return primitive.mirror ? sided(label(value), swapped) : label(value)
    case 'scale':
      return typeof value === 'number' ? wordsOfPlace(primitive, value, swapped) : label(value)
    case 'toggles':
      return (value as string[]).map(label).join(' + ') || 'none'
    case 'spans':
      return count((value as unknown[]).length, 'span')
    case 'boxes':
      return count((value as unknown[]).length, 'box', 'boxes')
    case 'order':
      return orderWords(primitive, groupsOf(value) ?? [], item)
    case 'turns':
      return primitive.mode === 'rate' ? 'rated' : 'written'
    case 'text':
      return String(value).trim()
    case 'grid':
      return 'filled in'
  }
}

/** By letters, as the cards are called: a field's name could tell whose it is. */
function orderWords(primitive: Order, groups: string[][], item?: Item): string {
  const names = item ? filled(inPlace(primitive.fields, item.shown), item.fields) : primitive.fields
  const called = groups.map((group) => group.map((name) => letterOf(names.indexOf(name))))
  if (primitive.pick === 'best') return called[0]?.join(' = ') ?? ''
  if (primitive.pick === 'ends' && called.length > 1) return `best ${called[0]!.join(' = ')}, worst ${called.at(-1)!.join(' = ')}`
  return saidOrder(called, (letter) => letter)
}

function labels(primitive: Asked): Map<string, string> {
  if (primitive.primitive === 'scale') return new Map((primitive.besides ?? []).map((o) => [o.value, o.label]))
  return new Map('options' in primitive ? primitive.options.map((o) => [o.value, o.label]) : [])
}

const count = (n: number, one: string, many = `${one}s`): string => (n === 1 ? `1 ${one}` : `${n || 'no'} ${many}`)
