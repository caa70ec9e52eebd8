import type { Assignment, Work } from '../../api'

/** The item's first words, for people who hear it: what stands in an order drawn by lot is heard in it. */
export function textOf(assignment: Assignment, info: Work | null): string {
  const fields = info?.form.fields.length ? info.form.fields : Object.keys(assignment.fields).map((name) => ({ name, show: 'text' }))
  const lots = Object.values(assignment.shown ?? {}).flat()
  return fields
    .toSorted((one, two) => lots.indexOf(one.name) - lots.indexOf(two.name))
    .map((f) => (f.show === 'image' ? 'a picture' : (assignment.fields[f.name] ?? '').slice(0, 240)))
    .join('. ')
}
