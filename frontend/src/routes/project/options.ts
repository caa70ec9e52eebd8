import type { Class, Option, Question } from '../../api'
import { assignKeys } from '../../keys/registry'

const COLORS = ['c1', 'c2', 'c3', 'c4', 'c5', 'c6']

/** A question's classes as the workbench draws them: the same defaults as the server's. */
export function optionsOf(question: Question): Option[] {
  const classes = (question.task.classes ?? []) as Class[]
  const keys = assignKeys(classes)
  return classes.map((c, at) => ({
    value: c.value,
    label: c.label || c.value,
    key: keys[at] ?? '',
    color: c.color || COLORS[at % COLORS.length]!,
    ...(c.help ? { help: c.help } : {}),
  }))
}
