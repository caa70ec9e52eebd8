import type { Assignment, Work } from '../../api'

/** The item's first words, for people who hear it. */
export function textOf(assignment: Assignment, info: Work | null): string {
  const fields = info?.form.fields.length ? info.form.fields : Object.keys(assignment.fields).map((name) => ({ name, show: 'text' }))
  return fields
    .map((f) => (f.show === 'image' ? 'a picture' : (assignment.fields[f.name] ?? '').slice(0, 240)))
    .join('. ')
}
