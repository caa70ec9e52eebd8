/** From a table's columns to a project's fields. */
import type { Field, Project, Show, Upload } from '../../api'

/** One line of the mapping table: a column, and how it is shown; null: left out. */
export interface Line {
  column: string
  examples: string[]
  show: Show | null
}

/** With items there already, the fields are what they are and each takes a column. */
export const fixedFields = (project: Project): boolean => project.form.fields.length > 0 && project.items > 0
export const formOpen = (project: Project): boolean => project.judgements === 0

export function linesOf(upload: Upload): Line[] {
  return upload.columns.map((c) => ({
    column: c.name,
    examples: c.examples,
    show: upload.suggestion.fields.find((f) => f.column === c.name)?.show ?? null,
  }))
}

export function columnsOf(project: Project, upload: Upload): Record<string, string> {
  const taken: Record<string, string> = {}
  for (const field of project.form.fields) {
    const hint = upload.suggestion.fields.find((f) => f.name === field.name)?.column
    const same = upload.columns.find((c) => c.name.toLowerCase() === field.name.toLowerCase())?.name
    taken[field.name] = hint ?? same ?? ''
  }
  return taken
}

export function chosen(lines: readonly Line[]): { fields: Field[]; mapping: Record<string, string> } {
  const shown = lines.filter((line): line is Line & { show: Show } => line.show !== null)
  return {
    fields: shown.map(({ column, show }) => ({ name: column, show })),
    mapping: Object.fromEntries(shown.map(({ column }) => [column, column])),
  }
}

export const sameFields = (a: readonly Field[], b: readonly Field[]): boolean =>
  a.length === b.length && a.every((f, i) => f.name === b[i]!.name && (f.show ?? 'text') === (b[i]!.show ?? 'text'))

/** A table for pictures or sounds that came without one. */
export function tableOf(names: readonly string[]): File {
  const quote = (s: string): string => `"${s.replaceAll('"', '""')}"`
  const rows = names.map((name) => `${quote(name.replace(/\.[^.]+$/, ''))},${quote(name)}`)
  return new File([[`id,${names.every((name) => SOUND.test(name)) ? 'sound' : 'image'}`, ...rows].join('\n') + '\n'], 'files.csv', { type: 'text/csv' })
}

const PICTURE = /\.(png|jpe?g|webp|gif)$/i
const SOUND = /\.(wav|mp3|flac|ogg|oga|opus|m4a|aac|weba|webm)$/i
const TABLE = /\.(csv|tsv|txt|jsonl|ndjson|json|parquet|gz)$/i
export const isMedia = (file: File): boolean =>
  /^(image\/(png|jpeg|webp|gif)|audio\/.*)$/.test(file.type) || PICTURE.test(file.name) || SOUND.test(file.name)
/** Fields whose cells name a file. */
export const holdsFile = (field: Field): boolean => field.show === 'image' || field.show === 'audio'
export const isTable = (file: File): boolean => !isMedia(file) && (TABLE.test(file.name) || file.type.startsWith('text/'))
