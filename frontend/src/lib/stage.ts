/** The stage: what draws fields of the item itself stands wide beside the questions, in place of these fields. */
import type { DrawnQuestion, Field, Primitive } from '../api'
import { fieldsOf, isStage } from './answers'

export interface Staged {
  question: DrawnQuestion
  primitive: Primitive
}

/** What stands on the stage, in the questions' order; panes that show the same stand once. */
export function staged(questions: readonly DrawnQuestion[]): Staged[] {
  return questions
    .flatMap((question) => question.form.primitives.filter(isStage).map((primitive) => ({ question, primitive })))
    .filter(({ primitive }, at, all) => {
      const same = (other: Staged): boolean => JSON.stringify(other.primitive) === JSON.stringify(primitive)
      return primitive.primitive !== 'panes' || all.findIndex(same) === at
    })
}

/** The fields that the stage leaves; without a stage all that the form lists. */
export function besides<F extends Field>(stage: readonly Staged[], fields: readonly F[], values: Record<string, unknown>): (F | { name: string })[] {
  const drawn = new Set(stage.flatMap((one) => fieldsOf(one.primitive)))
  if (!drawn.size) return [...fields]
  const listed = fields.length ? fields : Object.keys(values).map((name) => ({ name }))
  return listed.filter((field) => !drawn.has(field.name))
}
