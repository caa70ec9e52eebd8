/** A project's form while somebody writes it, and what is wrong with it, by place. */
import type { Class, Field, ProjectForm, Question, Show, TaskTypeInfo } from '../../../api'
import { RESERVED } from '../../../keys/registry'
import { editorOf, type Defs, type Schema } from './schema'

export interface ClassDraft {
  id: number
  label: string
  value: string
  key: string
  color: string
  help: string
  /** The id of the class it stands under; 0: of none. */
  parent: number
}
export interface QuestionDraft {
  id: number
  name: string
  title: string
  help: string
  optional: boolean
  type: string
  settings: Record<string, unknown>
  /** Lists of classes, by setting. */
  classes: Record<string, ClassDraft[]>
}
export interface FieldDraft {
  id: number
  name: string
  show: Show
  title: string
  /** What it was called at first: samples go by that. */
  was: string
}
export type Types = ReadonlyMap<string, TaskTypeInfo>

export const COLORS = [
  { value: 'c1', label: 'blue' },
  { value: 'c2', label: 'red' },
  { value: 'c3', label: 'green' },
  { value: 'c4', label: 'gold' },
  { value: 'c5', label: 'violet' },
  { value: 'c6', label: 'teal' },
]
export const MOST_CLASSES = 1000
const LONGEST = 200

let ids = 0
const newId = (): number => (ids += 1)

export const schemaOf = (types: Types, type: string): Schema => (types.get(type)?.settings ?? {}) as Schema
export const defsOf = (types: Types, type: string): Defs => schemaOf(types, type).$defs ?? {}

const newClass = (label = '', at = 0): ClassDraft => ({
  id: newId(),
  label,
  value: '',
  key: '',
  color: COLORS[at % COLORS.length]!.value,
  help: '',
  parent: 0,
})

export class FormDraft {
  fields = $state<FieldDraft[]>([])
  questions = $state<QuestionDraft[]>([])

  constructor(readonly types: Types) {}

  /** `keep`: what is stored of a class stays, however it is called from now on. */
  static from(form: ProjectForm, types: Types, keep = false): FormDraft {
    const draft = new FormDraft(types)
    draft.fields = (form.fields ?? []).map((f) => ({ id: newId(), name: f.name, show: f.show ?? 'text', title: f.title ?? '', was: f.name }))
    draft.questions = form.questions.map((q) => draft.#read(q, keep))
    return draft
  }
  static blank(types: Types): FormDraft {
    const draft = new FormDraft(types)
    draft.addQuestion(types.has('choice') ? 'choice' : [...types.keys()][0]!)
    return draft
  }

  #read(q: Question, keep: boolean): QuestionDraft {
    const { type, ...settings } = structuredClone(q.task) as Question['task']
    const schema = schemaOf(this.types, type)
    const classes: Record<string, ClassDraft[]> = {}
    for (const [name, each] of Object.entries(schema.properties ?? {})) {
      if (editorOf(name, each, schema.$defs ?? {}) !== 'classes') continue
      classes[name] = readClasses((settings[name] ?? []) as Class[], keep)
      delete settings[name]
    }
    return { id: newId(), name: q.name, title: q.title, help: q.help ?? '', optional: q.optional ?? false, type, settings, classes }
  }

  // Questions.

  addQuestion(type: string): QuestionDraft {
    const info = this.types.get(type)
    const task = (info?.example ?? { type }) as Question['task']
    const fresh = this.#read({ name: '', title: '', task: { ...task, type } }, false)
    for (const list of Object.values(fresh.classes)) for (const c of list) c.label = c.value = ''
    this.#fitFields(fresh, info)
    this.questions.push(fresh)
    return this.questions.at(-1)!
  }
  removeQuestion(question: QuestionDraft): void {
    this.questions = this.questions.filter((q) => q !== question)
  }
  duplicate(question: QuestionDraft): QuestionDraft {
    const copy = $state.snapshot(question) as QuestionDraft
    const at = this.questions.indexOf(question) + 1
    for (const list of Object.values(copy.classes)) {
      const fresh = new Map(list.map((c) => [c.id, newId()]))
      for (const c of list) Object.assign(c, { id: fresh.get(c.id)!, parent: fresh.get(c.parent) ?? 0 })
    }
    this.questions.splice(at, 0, { ...copy, id: newId(), name: '' })
    return this.questions[at]!
  }
  moveQuestion(at: number, by: number): void {
    swap(this.questions, at, by)
  }

  // Fields.

  addField(name = '', show: Show = 'text'): FieldDraft {
    this.fields.push({ id: newId(), name, show, title: '', was: name })
    return this.fields.at(-1)!
  }
  removeField(field: FieldDraft): void {
    this.fields = this.fields.filter((f) => f !== field)
  }
  moveField(at: number, by: number): void {
    swap(this.fields, at, by)
  }
  /** Questions about the field go with it. */
  rename(field: FieldDraft, name: string): void {
    const old = field.name
    const alone = this.fields.filter((f) => f.name === old).length === 1
    field.name = name
    if (!old || !alone) return
    for (const { settings } of this.questions) {
      if (settings.field === old) settings.field = name
      if (Array.isArray(settings.fields)) settings.fields = settings.fields.map((one) => (one === old ? name : one))
    }
  }

  /** A new question takes fields that suit it; where there are none they are added. */
  #fitFields(question: QuestionDraft, info: TaskTypeInfo | undefined): void {
    const show = (info?.shows[0] ?? 'text') as Show
    const names = this.fields.filter((f) => f.name && (info?.shows.length ? f.show === show : f.show !== 'image')).map((f) => f.name)
    if (typeof question.settings.field === 'string') {
      const name = names[0] ?? this.#freeName(NAMES[show] ?? 'text')
      if (!names.length) this.addField(name, show)
      question.settings.field = name
    }
    if (Array.isArray(question.settings.fields)) {
      const many = Math.max(question.settings.fields.length, 2)
      const chosen = names.length >= many ? names.slice(-many) : []
      for (let n = 0; chosen.length < many; n += 1) {
        const name = this.#freeName(`answer_${'abcdefgh'[n]}`)
        this.addField(name, 'markdown')
        chosen.push(name)
      }
      question.settings.fields = chosen
    }
  }
  #freeName(name: string): string {
    const taken = new Set(this.fields.map((f) => f.name))
    let free = name
    for (let n = 2; taken.has(free); n += 1) free = `${name}_${n}`
    return free
  }

  // Classes.

  addClass(list: ClassDraft[]): ClassDraft {
    list.push(newClass('', list.length))
    return list.at(-1)!
  }
  removeClass(list: ClassDraft[], id: number): void {
    list.splice(list.findIndex((c) => c.id === id), 1)
    for (const c of list) if (c.parent === id) c.parent = 0
  }
  move(list: ClassDraft[], at: number, by: number): void {
    swap(list, at, by)
  }
  /** Several lines pasted into one class become several classes. */
  paste(list: ClassDraft[], at: number, text: string): boolean {
    const lines = text.split(/\r?\n|\t/).map((line) => line.trim()).filter(Boolean)
    if (lines.length < 2) return false
    list.splice(at, 1, ...lines.map((line, i) => newClass(line.slice(0, LONGEST), at + i)))
    const kept = list.filter((c, i) => c.label || i < 2).slice(0, MOST_CLASSES)
    list.splice(0, list.length, ...kept)
    return true
  }

  /** What is wrong, by `q<id>.title`, `c<id>.label`, `c<id>.key`, `f<id>.name`. The server says the rest. */
  get problems(): Record<string, string> {
    const wrong: Record<string, string> = {}
    const names = new Set<string>()
    for (const f of this.fields) {
      if (!f.name.trim()) wrong[`f${f.id}.name`] = 'Name this field or remove it.'
      else if (names.has(f.name.trim())) wrong[`f${f.id}.name`] = `“${f.name.trim()}” stands twice.`
      names.add(f.name.trim())
    }
    for (const q of this.questions) {
      if (!q.title.trim()) wrong[`q${q.id}.title`] = 'Write what is asked.'
      for (const list of Object.values(q.classes)) checkClasses(list, wrong)
    }
    return wrong
  }

  /** The names under which answers are stored, question by question; those that have one keep it. */
  names(): string[] {
    const taken = new Set(this.questions.map((q) => q.name).filter(Boolean))
    return this.questions.map((q, at) => {
      if (q.name) return q.name
      const wish = slug(q.title) || `question_${at + 1}`
      let name = wish
      for (let n = 2; taken.has(name); n += 1) name = `${wish}_${n}`
      taken.add(name)
      return name
    })
  }

  /** `shown`: with something in the place of what is not written yet, so that it can be drawn. */
  form(shown = false): ProjectForm {
    const names = this.names()
    return {
      fields: this.fields.filter((f) => !shown || f.name.trim()).map(fieldOf),
      questions: this.questions.map((q, at) => ({
        name: names[at]!,
        title: q.title.trim() || (shown ? 'What is asked?' : ''),
        help: q.help.trim(),
        optional: q.optional,
        task: {
          type: q.type,
          ...($state.snapshot(q.settings) as Record<string, unknown>),
          ...Object.fromEntries(Object.entries(q.classes).map(([name, list]) => [name, classesOf(list, shown)])),
        },
      })),
    }
  }

  /** For keeping a half-written form over a reload. */
  save(): unknown {
    return $state.snapshot({ fields: this.fields, questions: this.questions })
  }
  /** Null where nothing that could be one was kept. */
  static restore(saved: unknown, types: Types): FormDraft | null {
    const kept = saved as { fields?: FieldDraft[]; questions?: QuestionDraft[] } | null | undefined
    if (!kept || !Array.isArray(kept.questions) || !kept.questions.every((q) => q.classes && types.has(q.type))) return null
    const draft = new FormDraft(types)
    draft.fields = kept.fields ?? []
    draft.questions = kept.questions
    const used = [...draft.fields, ...draft.questions, ...draft.questions.flatMap((q) => Object.values(q.classes).flat())]
    ids = Math.max(ids, ...used.map((one) => one.id))
    return draft
  }
}

const NAMES: Partial<Record<Show, string>> = { image: 'picture', chat: 'conversation', audio: 'recording', text: 'text' }

function swap<T>(list: T[], at: number, by: number): void {
  const to = at + by
  if (to < 0 || to >= list.length) return
  const [one] = list.splice(at, 1)
  if (one) list.splice(to, 0, one)
}

function readClasses(given: Class[], keep: boolean): ClassDraft[] {
  const made = given.map((c, at) => ({
    id: newId(),
    label: c.label || c.value,
    value: keep || (c.label && c.label !== c.value) ? c.value : '',
    key: c.key ?? '',
    color: c.color || COLORS[at % COLORS.length]!.value,
    help: c.help ?? '',
    parent: 0,
  }))
  const of = new Map(given.map((c, at) => [c.value, made[at]!.id]))
  for (const [at, c] of given.entries()) made[at]!.parent = of.get(c.parent ?? '') ?? 0
  return made
}

function checkClasses(list: ClassDraft[], wrong: Record<string, string>): void {
  const values = new Set<string>()
  const keys = new Map<string, string>()
  for (const c of list) {
    const value = valueOf(c)
    if (!value) wrong[`c${c.id}.label`] = 'Name this class or remove it.'
    else if (values.has(value)) wrong[`c${c.id}.label`] = `“${value}” stands twice.`
    values.add(value)
    const key = c.key.trim().toLowerCase()
    if (!key) continue
    if (!/^[a-z0-9]$/.test(key)) wrong[`c${c.id}.key`] = 'A small letter or a digit.'
    else if (RESERVED.includes(key)) wrong[`c${c.id}.key`] = `${key.toUpperCase()} is the workbench’s own.`
    else if (keys.has(key)) wrong[`c${c.id}.key`] = `Taken by “${keys.get(key)}”.`
    else keys.set(key, c.label.trim() || value)
  }
}

export const valueOf = (c: ClassDraft): string => c.value.trim() || c.label.trim()

function classesOf(list: ClassDraft[], shown: boolean): Class[] {
  const value = (c: ClassDraft, at: number): string => valueOf(c) || (shown ? `#${at}` : '')
  const of = new Map(list.map((c, at) => [c.id, value(c, at)]))
  return list.map((c, at) => {
    const label = c.label.trim() || (shown && !valueOf(c) ? `Class ${at + 1}` : '')
    const key = c.key.trim().toLowerCase()
    const parent = of.get(c.parent)
    return {
      value: value(c, at),
      color: c.color,
      ...(label && label !== value(c, at) ? { label } : {}),
      ...(key ? { key } : {}),
      ...(c.help.trim() ? { help: c.help.trim() } : {}),
      ...(parent ? { parent } : {}),
    }
  })
}

function fieldOf(f: FieldDraft): Field {
  return { name: f.name.trim(), show: f.show, ...(f.title.trim() ? { title: f.title.trim() } : {}) }
}

export function slug(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 40)
}
