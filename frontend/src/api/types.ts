/** What the server sends and takes. Times are milliseconds since 1970, UTC. */

export type Role = 'manager' | 'adjudicator' | 'annotator'
export type ProjectState = 'open' | 'paused' | 'closed'
export type Show = 'text' | 'markdown' | 'image'

export interface Account {
  id: number
  name: string
  email: string
  administrator: boolean
  has_password: boolean
}
export interface Session {
  account: Account | null
  notice: { version: number; text: string; accepted: boolean }
  server: { version: string; insecure: boolean }
}
export interface LinkInfo {
  kind: 'administrator' | 'invitation' | 'sign-in'
  project: string | null
  role: Role | null
  email: string | null
  needs_account: boolean
  expires_at: number
}
export interface Token {
  id: number
  label: string
  created_at: number
  last_used_at: number | null
}
export interface AccountRow {
  id: number
  name: string
  email: string
  administrator: boolean
  active: boolean
  created_at: number
}

export interface ProjectSummary {
  id: number
  name: string
  state: ProjectState
  role: Role
  items: number
  items_done: number
  judgements: number
  created_at: number
}
export interface Class {
  value: string
  label?: string
  key?: string
  color?: string
  help?: string
}
export interface Field {
  name: string
  show: Show
}
export interface Question {
  name: string
  title: string
  help?: string
  task: { type: 'choice'; classes: Class[] }
}
export interface ProjectForm {
  fields: Field[]
  questions: Question[]
}
export interface Project extends ProjectSummary {
  overlap: number
  lease_minutes: number
  form: ProjectForm
  form_version: number
  guideline: { version: number; text: string; at: number }
  policy_version: number
}

/** The form as the workbench draws it. */
export interface Option {
  value: string
  label: string
  key?: string
  color?: string
  help?: string
}
export interface KeysPrimitive {
  primitive: 'keys'
  options: Option[]
}
export interface DrawnQuestion {
  name: string
  title: string
  help?: string
  form: { primitives: KeysPrimitive[] }
}
export interface Drawn {
  fields: Field[]
  questions: DrawnQuestion[]
}

export interface Assignment {
  id: string
  fields: Record<string, string>
  leased_until: number
}
export interface Work {
  project: { id: number; name: string; state: ProjectState }
  form: Drawn
  form_version: number
  guideline: { version: number; text: string }
  today: { judged: number; seconds: number }
  left: number
  lease_minutes: number
}
export interface Next {
  state: ProjectState
  form_version: number
  guideline_version: number
  assignments: Assignment[]
  left: number
}
export type SubmitKind = 'answer' | 'skip' | 'undo'
export interface Submit {
  id: string
  assignment: string
  kind: SubmitKind
  answers?: Record<string, unknown>
  seconds?: number
  form_version: number
  guideline_version: number
}
export interface Receipt {
  id: string
  assignment: string
  kind: SubmitKind
  seq: number
  surplus: boolean
  leased_until: number | null
}
export interface Me {
  judged: number
  seconds: number
  first_at: number | null
  last_at: number | null
  by_day: { day: string; judged: number; seconds: number }[]
  ledger: Ledger
}
export interface Ledger {
  answers: number
  skips: number
  surplus: number
  retracted: number
  seconds: number
}

export interface Member {
  account: number
  name: string
  email: string
  pseudonym: string
  role: Role
  joined_at: number
  judgements: number
  active: boolean
}
export interface Invitation {
  id: number
  role: Role
  email: string | null
  expires_at: number
  created_at: number
}
export interface NewInvitation {
  id: number
  link: string
  expires_at: number
}

export type Likeness = 'id' | 'text' | 'markdown' | 'image' | 'number' | 'other'
export interface Column {
  name: string
  examples: string[]
  looks_like: Likeness
}
export interface Upload {
  file: string
  name: string
  size: number
  format: 'csv' | 'tsv' | 'jsonl' | 'parquet'
  rows: number | null
  columns: Column[]
  suggestion: { id: string | null; fields: { name: string; column: string; show: Show }[] }
}
export interface Media {
  hash: string
  name: string
  width: number
  height: number
}
export interface Batch {
  id: number
  name: string
  state: 'staged' | 'published' | 'cancelled'
  items: number
  created_at: number
}
export interface Job {
  id: number
  kind: string
  state: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled'
  phase: string
  done: number
  total: number | null
  created_at: number
  finished_at: number | null
  error: null | { code: string; message: string; where?: string }
  result: null | Record<string, unknown>
}

export interface Interval {
  value: number | null
  low: number | null
  high: number | null
}
export interface Agreement extends Interval {
  coefficient: string
  items: number
  judgements: number
  sentence: string
  warnings: string[]
}
export interface Person {
  annotator: number
  pseudonym: string
  name: string | null
  judged: number
  skipped: number
  surplus: number
  median_seconds: number | null
  agreement_with_others: Interval | null
  last_at: number | null
}
export interface ClassCount {
  value: string
  label: string
  judgements: number
  consensus_items: number
}
export interface ConsensusSummary {
  method: string
  converged: boolean
  iterations: number
  items: number
  mean_confidence: number
  warnings: string[]
  majority_agrees: number
}
export interface Overview {
  state: ProjectState
  items: { total: number; done: number; started: number }
  judgements: number
  annotators: number
  overlap: number
  agreement: Agreement | null
  pace: { last_hour: number; by_day: { day: string; judgements: number }[]; days_left: number | null }
  people: Person[]
  classes: Record<string, ClassCount[]>
  consensus: ConsensusSummary | null
  through_seq: number
  latest_seq: number
  computed_at: number | null
}
export interface ConsensusRow {
  item: number
  external_id: string
  fields: Record<string, string>
  label: string
  label_text: string
  confidence: number
  judgements: number
  tie: boolean
  ambiguity: number | null
  votes: { value: string; count: number }[]
}
export interface ConsensusPage {
  rows: ConsensusRow[]
  next: string | null
  total: number
  through_seq: number
}
export type ConsensusSort = 'confidence' | '-confidence' | 'external_id' | '-judgements'
export interface LedgerRow extends Ledger {
  annotator: number
  pseudonym: string
  name: string | null
}
export type ExportWhat = 'judgements' | 'consensus' | 'items'
export type ExportFormat = 'csv' | 'jsonl' | 'parquet'

export interface Problem {
  code: string
  message: string
  reason?: string
  where?: string
  details?: Record<string, unknown>
}
