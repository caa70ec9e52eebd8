/** A form as its own file: JSON with the version of its format. */
import { forms, type ProjectForm } from '../../../api'
import { FormDraft, type Types } from './draft.svelte'

const FORMAT = 1
const LARGEST = 2 * 2 ** 20

export const toFile = (form: ProjectForm): string => `${JSON.stringify({ goldwork_form: FORMAT, ...form }, null, 1)}\n`

/** What somebody chose, once the server takes it for a form. */
export async function readFile(file: File, types: Types): Promise<FormDraft> {
  if (file.size > LARGEST) throw new Error('A form’s file may have 2 MB.')
  let form: unknown
  try {
    form = JSON.parse(await file.text())
  } catch {
    throw new Error('This is no JSON.')
  }
  if (typeof form !== 'object' || form === null || Array.isArray(form)) throw new Error('This is no form: an object with questions is needed.')
  await forms.draw(form)
  return FormDraft.from(form as ProjectForm, types, true)
}
