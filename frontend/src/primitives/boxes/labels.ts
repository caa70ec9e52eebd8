/** What a box's label is called and coloured; labels of another form's version keep their own words. */
import type { Boxes, Option } from '../../api/forms'

const COLORS = ['c1', 'c2', 'c3', 'c4', 'c5', 'c6']

export const chooseable = (primitive: Boxes): Option[] => primitive.options.filter((option) => !option.heading)

export const labelOf = (primitive: Boxes, value: string): string =>
  primitive.options.find((option) => option.value === value)?.label || value

/** Its own colour, else one by its place. */
export function colorOf(primitive: Boxes, value: string): string {
  const at = primitive.options.findIndex((option) => option.value === value)
  const own = primitive.options[at]?.color ?? ''
  return COLORS.includes(own) ? own : COLORS[Math.max(0, at) % COLORS.length]!
}
