/**
 * What the server sends and takes, from its own description (schema.d.ts is made from openapi.json).
 *
 * Times are milliseconds since 1970, UTC. Where the description says less than the server does (a form is any object
 * there; what has a default may be left out), the types here say the rest.
 */
import type { components } from './schema'

type S = components['schemas']
type Lax<T, K extends keyof T> = Omit<T, K> & Partial<Pick<T, K>>

export type Session = S['Session']
export type LinkInfo = S['LinkInfo']
export type Role = S['RoleChange']['role']
export type ProjectState = S['Work']['state']
export type Problem = S['Problem']

export type Token = S['ApiToken']
export type AccountRow = S['Account']

/** Without `show` it is text; without a title its name stands above it. */
export type Field = Lax<S['Field'], 'show' | 'title'>
export type Show = S['Field']['show']
export type Class = Lax<S['Class'], 'label' | 'key' | 'color' | 'help' | 'parent'>
export type Question = { name: string; title: string; help?: string; task: { type: 'choice'; classes: Class[] } }
export interface ProjectForm {
  fields: Field[]
  questions: Question[]
}
export type ProjectSummary = S['ProjectSummary']
export type Project = Omit<S['Project'], 'form'> & { form: ProjectForm }

/** The form as the workbench draws it. */
export type Option = Lax<S['Option'], 'key' | 'color' | 'help' | 'parent' | 'heading'>
export type DrawnQuestion = Omit<S['DrawnQuestion'], 'help' | 'form'> & {
  help?: string
  form: { primitives: { primitive: 'keys'; options: Option[] }[] }
}
export interface Drawn {
  fields: Field[]
  questions: DrawnQuestion[]
}
export type Work = Omit<S['Screen'], 'form'> & { form: Drawn }
export type Next = S['Work']
export type Assignment = S['Assignment']
export type SubmitKind = S['NewSubmit']['kind']
export type Submit = Omit<S['NewSubmit'], 'answers' | 'seconds'> & {
  answers?: Record<string, unknown>
  seconds?: number
}
export type Receipt = S['Receipt']
export type Me = S['MyWork']

export type Member = S['MemberRow']
export type Invitation = S['Invitation']
export type NewInvitation = S['MadeInvitation']

export type Upload = S['Look']
export type Column = S['Column']
export type Batch = S['Batch']
export type Job = Omit<S['Job'], 'result'> & { result: Record<string, unknown> | null }
export type ImportRequest = S['NewImport']

export type Interval = S['Interval']
export type Person = S['PersonFigures']
export type ClassCount = Omit<S['Count'], 'value'> & { value: string }
export type Overview = Omit<S['Overview'], 'classes'> & { classes: Record<string, ClassCount[]> }
export type ConsensusRow = Omit<S['ConsensusRow'], 'label' | 'votes'> & {
  label: string
  votes: { value: string; count: number }[]
}
export type ConsensusPage = Omit<S['ConsensusPage'], 'rows'> & { rows: ConsensusRow[] }
export type ConsensusSort = 'confidence' | '-confidence' | 'external_id' | '-judgements'
export type ExportWhat = S['NewExport']['what']
export type ExportFormat = S['NewExport']['format']
