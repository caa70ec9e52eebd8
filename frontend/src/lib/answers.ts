/**
 * What a form is answered with: the value of its one primitive, or where primitives are named an object of theirs.
 * Panes only show.
 */
import type { Asked, DrawnQuestion, Primitive } from '../api/forms'

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

/** The first primitive that has no value yet. */
export function open(question: DrawnQuestion, answer: unknown): Asked | undefined {
  return asked(question).find((primitive) => valueOf(primitive, answer) === undefined)
}

/** Whether one press of a key answers the whole form. */
export function isQuick(questions: readonly DrawnQuestion[]): boolean {
  const all = questions.flatMap(asked)
  return all.length === 1 && (all[0]!.primitive === 'keys' || (all[0]!.primitive === 'scale' && !all[0]!.slider))
}
