import type { Assignment, Feedback, Submit, SubmitKind } from '../api/types'

/** Why the server did not take an entry. */
export interface Refusal {
  status: number
  code: string
  reason: string | null
  message: string
}

/** One submit on its way. The id is the idempotency key: however often it is sent, it counts once. */
export interface Entry {
  /** Given by the store; orders the entries of one device. */
  n: number
  id: string
  account: number
  project: number
  assignment: Assignment
  kind: SubmitKind
  answers: Record<string, unknown> | null
  seconds: number
  form_version: number
  guideline_version: number
  at: number
  /** `sent` ones are kept a while, so that undo reaches over a reload. */
  state: 'waiting' | 'refused' | 'sent'
  /** It was on the wire at least once, so the server may have it. */
  tried: boolean
  refusal: Refusal | null
  /** What the server told of the answer, kept until it was seen: it may come long after the page was closed. */
  feedback?: Feedback | null
  seen?: boolean
}

export type Draft = Pick<
  Entry,
  'project' | 'assignment' | 'kind' | 'answers' | 'seconds' | 'form_version' | 'guideline_version'
>

export function body(entry: Entry): Submit {
  const { id, assignment, kind, answers, seconds, form_version, guideline_version } = entry
  const submit: Submit = { id, assignment: assignment.id, kind, seconds, form_version, guideline_version }
  if (kind === 'answer') submit.answers = answers ?? {}
  return submit
}

/** What takes an entry back that the server may have. */
export function undoing({ project, assignment, form_version, guideline_version }: Entry): Draft {
  return { project, assignment, kind: 'undo', answers: null, seconds: 0, form_version, guideline_version }
}

/** What was told of answers and not seen yet, oldest first; of one that was taken back nothing. */
export function unseen(entries: readonly Entry[]): Entry[] {
  return entries.filter(
    (entry, at) =>
      entry.feedback &&
      !entry.seen &&
      !entries.slice(at + 1).some((later) => later.kind === 'undo' && later.assignment.id === entry.assignment.id),
  )
}

/** Assignments whose answer or skip stands (undone ones do not), oldest first. */
export function standing(entries: readonly Entry[]): Entry[] {
  const stack: Entry[] = []
  for (const entry of entries) {
    const at = stack.findLastIndex((other) => other.assignment.id === entry.assignment.id)
    if (entry.kind !== 'undo') stack.push(entry)
    else if (at >= 0) stack.splice(at, 1)
  }
  return stack
}
