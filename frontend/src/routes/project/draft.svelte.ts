/** A project's form while somebody writes it, and what is wrong with it, by place. */
import type { Class, Field, ProjectForm } from '../../api'
import { RESERVED } from '../../keys/registry'

export interface ClassDraft {
  id: number
  label: string
  value: string
  key: string
  color: string
  help: string
}
export interface QuestionDraft {
  id: number
  name: string
  title: string
  help: string
  classes: ClassDraft[]
}
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

const newClass = (label = '', at = 0): ClassDraft => ({
  id: newId(),
  label,
  value: '',
  key: '',
  color: COLORS[at % COLORS.length]!.value,
  help: '',
})
const newQuestion = (): QuestionDraft => ({
  id: newId(),
  name: '',
  title: '',
  help: '',
  classes: [newClass('', 0), newClass('', 1)],
})

export class FormDraft {
  questions = $state<QuestionDraft[]>([newQuestion()])
  fields: Field[] = []

  static from(form: ProjectForm): FormDraft {
    const draft = new FormDraft()
    draft.fields = form.fields
    draft.questions = form.questions.map((q) => ({
      id: newId(),
      name: q.name,
      title: q.title,
      help: q.help ?? '',
      classes: ((q.task.classes ?? []) as Class[]).map((c, at) => ({
        id: newId(),
        label: c.label || c.value,
        value: c.label && c.label !== c.value ? c.value : '',
        key: c.key ?? '',
        color: c.color || COLORS[at % COLORS.length]!.value,
        help: c.help ?? '',
      })),
    }))
    return draft
  }

  addQuestion(): void {
    this.questions.push(newQuestion())
  }
  removeQuestion(question: QuestionDraft): void {
    this.questions = this.questions.filter((q) => q !== question)
  }
  addClass(question: QuestionDraft): void {
    question.classes.push(newClass('', question.classes.length))
  }
  removeClass(question: QuestionDraft, id: number): void {
    question.classes = question.classes.filter((c) => c.id !== id)
  }
  move(question: QuestionDraft, at: number, by: number): void {
    const to = at + by
    if (to < 0 || to >= question.classes.length) return
    const [one] = question.classes.splice(at, 1)
    if (one) question.classes.splice(to, 0, one)
  }
  /** Several lines pasted into one class become several classes. */
  paste(question: QuestionDraft, at: number, text: string): boolean {
    const lines = text.split(/\r?\n|\t/).map((line) => line.trim()).filter(Boolean)
    if (lines.length < 2) return false
    const fresh = lines.map((line, i) => newClass(line.slice(0, LONGEST), at + i))
    question.classes.splice(at, 1, ...fresh)
    question.classes = question.classes.filter((c, i) => c.label || i < 2).slice(0, MOST_CLASSES)
    return true
  }

  /** What is wrong, by `q<id>.title`, `q<id>.classes`, `c<id>.label`, `c<id>.key`. */
  get problems(): Record<string, string> {
    const wrong: Record<string, string> = {}
    for (const q of this.questions) {
      if (!q.title.trim()) wrong[`q${q.id}.title`] = 'Write what is asked.'
      if (q.classes.length < 2) wrong[`q${q.id}.classes`] = 'There must be two classes or more.'
      const values = new Set<string>()
      const keys = new Map<string, string>()
      for (const c of q.classes) {
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
    return wrong
  }

  form(): ProjectForm {
    const names = new Set<string>()
    return {
      fields: this.fields,
      questions: this.questions.map((q, at) => {
        let name = q.name || slug(q.title) || `question_${at + 1}`
        for (let n = 2; names.has(name); n += 1) name = `${slug(q.title) || 'question'}_${n}`
        names.add(name)
        return {
          name,
          title: q.title.trim(),
          help: q.help.trim(),
          task: { type: 'choice', classes: q.classes.map(classOf) },
        }
      }),
    }
  }

  /** For keeping a half-written form over a reload. */
  save(): unknown {
    return $state.snapshot(this.questions)
  }
  static restore(saved: unknown): FormDraft {
    const draft = new FormDraft()
    if (Array.isArray(saved) && saved.length)
      draft.questions = (saved as QuestionDraft[]).map((q) => ({
        ...q,
        id: newId(),
        classes: q.classes.map((c) => ({ ...c, id: newId() })),
      }))
    return draft
  }
}

export const valueOf = (c: ClassDraft): string => c.value.trim() || c.label.trim()

function classOf(c: ClassDraft): Class {
  const value = valueOf(c)
  const key = c.key.trim().toLowerCase()
  return {
    value,
    color: c.color,
    ...(c.label.trim() && c.label.trim() !== value ? { label: c.label.trim() } : {}),
    ...(key ? { key } : {}),
    ...(c.help.trim() ? { help: c.help.trim() } : {}),
  }
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
