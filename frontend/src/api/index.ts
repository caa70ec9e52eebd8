/** Every route the web app calls, one function each. */
import { request } from './request'
import type * as T from './types'

export { ApiError, onUnauthenticated } from './request'
export type * from './types'

const p = (project: number, rest = ''): string => `/projects/${project}${rest}`

export const session = {
  get: () => request<T.Session>('/session'),
  signIn: (email: string, password: string) =>
    request<T.Session>('/session', { method: 'POST', json: { email, password } }),
  signOut: () => request<void>('/session', { method: 'DELETE' }),
  acceptNotice: (version: number) => request<T.Session>('/notice', { method: 'POST', json: { version } }),
}
export const link = {
  look: (token: string) => request<T.LinkInfo>('/link', { method: 'POST', json: { token } }),
  use: (token: string, who: { name?: string; email?: string; password?: string }) =>
    request<T.Session & { project_id: number | null }>('/link/use', { method: 'POST', json: { token, ...who } }),
}
export const account = {
  change: (what: { name?: string; email?: string; password?: { old?: string; new: string } }) =>
    request<T.Session>('/account', { method: 'PATCH', json: what }),
  tokens: () => request<{ tokens: T.Token[] }>('/tokens').then((r) => r.tokens),
  newToken: (label: string) => request<{ id: number; token: string }>('/tokens', { method: 'POST', json: { label } }),
  revoke: (id: number) => request<void>(`/tokens/${id}`, { method: 'DELETE' }),
}
export const accounts = {
  list: () => request<{ accounts: T.AccountRow[] }>('/accounts').then((r) => r.accounts),
  link: (id: number) => request<{ link: string; expires_at: number }>(`/accounts/${id}/link`, { method: 'POST' }),
  deactivate: (id: number) => request<void>(`/accounts/${id}/deactivate`, { method: 'POST' }),
}
export const projects = {
  list: () => request<{ projects: T.ProjectSummary[] }>('/projects').then((r) => r.projects),
  create: (what: {
    name: string
    form: T.ProjectForm
    overlap: number
    lease_minutes: number
    guideline: string
  }) => request<T.Project>('/projects', { method: 'POST', json: what }),
  /** Members who are not managers get the summary only. */
  get: (id: number) => request<T.ProjectSummary | T.Project>(p(id)),
  change: (id: number, what: { name?: string; state?: T.ProjectState; overlap?: number; lease_minutes?: number }) =>
    request<T.Project>(p(id), { method: 'PATCH', json: what }),
  form: (id: number, form: T.ProjectForm) => request<T.Project>(p(id, '/form'), { method: 'PUT', json: { form } }),
  guideline: (id: number, text: string) =>
    request<T.Project>(p(id, '/guideline'), { method: 'PUT', json: { text } }),
}
export const people = {
  list: (id: number) => request<{ members: T.Member[]; invitations: T.Invitation[] }>(p(id, '/members')),
  invite: (id: number, role: T.Role, email?: string) =>
    request<T.NewInvitation>(p(id, '/invitations'), { method: 'POST', json: email ? { role, email } : { role } }),
  withdraw: (id: number, invitation: number) =>
    request<void>(p(id, `/invitations/${invitation}`), { method: 'DELETE' }),
  role: (id: number, member: number, role: T.Role) =>
    request<void>(p(id, `/members/${member}`), { method: 'PATCH', json: { role } }),
  remove: (id: number, member: number) => request<void>(p(id, `/members/${member}`), { method: 'DELETE' }),
}
export const ingest = {
  upload: (id: number, file: File) =>
    request<T.Upload>(p(id, '/files'), { method: 'POST', query: { name: file.name }, body: file }),
  media: (id: number, file: File) =>
    request<T.Media>(p(id, '/media'), { method: 'POST', query: { name: file.name }, body: file }),
  start: (
    id: number,
    what: { file: string; what: 'items' | 'judgements'; id: string | null; fields: Record<string, string>; batch: string },
  ) => request<T.Job>(p(id, '/imports'), { method: 'POST', json: what }),
  batches: (id: number) => request<{ batches: T.Batch[] }>(p(id, '/batches')).then((r) => r.batches),
}
export const jobs = {
  list: (id: number) => request<{ jobs: T.Job[] }>(p(id, '/jobs')).then((r) => r.jobs),
  get: (id: number, job: number) => request<T.Job>(p(id, `/jobs/${job}`)),
  cancel: (id: number, job: number) => request<T.Job>(p(id, `/jobs/${job}`), { method: 'DELETE' }),
}
export const work = {
  open: (id: number) => request<T.Work>(p(id, '/work')),
  next: (id: number, count: number) =>
    request<T.Next>(p(id, '/next'), { method: 'POST', json: { count }, timeout: 30_000 }),
  submit: (id: number, what: T.Submit) =>
    request<T.Receipt>(p(id, '/submits'), { method: 'POST', json: what, timeout: 30_000 }),
  me: (id: number) => request<T.Me>(p(id, '/me')),
}
export const monitor = {
  overview: (id: number) => request<T.Overview>(p(id, '/overview')),
  consensus: (
    id: number,
    query: { question?: string; sort?: T.ConsensusSort; after?: string; limit?: number } = {},
  ) => request<T.ConsensusPage>(p(id, '/consensus'), { query }),
  ledger: (id: number) => request<{ rows: T.LedgerRow[] }>(p(id, '/ledger')).then((r) => r.rows),
}
export const exports = {
  start: (id: number, what: T.ExportWhat, format: T.ExportFormat) =>
    request<T.Job>(p(id, '/exports'), { method: 'POST', json: { what, format } }),
  href: (id: number, job: number) => `/api${p(id, `/exports/${job}`)}`,
}
