/** Every route the web app calls, one function each, checked against the server's own description. */
import createClient from 'openapi-fetch'
import { ApiError, reach } from './request'
import type { paths } from './schema'
import type * as T from './types'

export { ApiError, onUnauthenticated } from './request'
export type * from './types'

const client = createClient<paths>({ baseUrl: location.origin, fetch: reach })

/** What came back; where the description says less than `R`, `R` says more. */
async function data<R>(call: Promise<{ data?: unknown }>): Promise<R> {
  try {
    return (await call).data as R
  } catch (error) {
    // The line broke in the middle of the answer.
    if (error instanceof ApiError) throw error
    throw new ApiError(0, { code: 'offline', message: 'The answer of the server did not arrive. Try again.' })
  }
}

const of = (project_id: number) => ({ params: { path: { project_id } } })
/** Bytes as they are; the description has them as a string. */
const raw = (name: string, file: File, project_id: number) => ({
  params: { path: { project_id }, query: { name } },
  body: file as unknown as string,
  bodySerializer: (body: unknown) => body as BodyInit,
  headers: { 'content-type': 'application/octet-stream' },
})

export const session = {
  get: () => data<T.Session>(client.GET('/api/session')),
  signIn: (email: string, password: string) =>
    data<T.Session>(client.POST('/api/session', { body: { email, password } })),
  signOut: () => data<void>(client.DELETE('/api/session')),
  acceptNotice: (version: number) => data<T.Session>(client.POST('/api/notice', { body: { version } })),
}
export const link = {
  look: (token: string) => data<T.LinkInfo>(client.POST('/api/link', { body: { token } })),
  use: (token: string, who: { name?: string; email?: string; password?: string }) =>
    data<T.Session & { project_id: number | null }>(
      client.POST('/api/link/use', {
        body: { token, name: who.name ?? null, email: who.email ?? null, password: who.password ?? null },
      }),
    ),
}
export const account = {
  change: (what: { name?: string; email?: string | null; password?: { old: string | null; new: string } }) =>
    data<T.Session>(client.PATCH('/api/account', { body: what })),
  tokens: async () => (await data<{ tokens: T.Token[] }>(client.GET('/api/tokens'))).tokens,
  newToken: (label: string) => data<{ id: number; token: string }>(client.POST('/api/tokens', { body: { label } })),
  revoke: (token_id: number) =>
    data<void>(client.DELETE('/api/tokens/{token_id}', { params: { path: { token_id } } })),
}
export const accounts = {
  list: async () => (await data<{ accounts: T.AccountRow[] }>(client.GET('/api/accounts'))).accounts,
  link: (account_id: number) =>
    data<{ link: string; expires_at: number }>(
      client.POST('/api/accounts/{account_id}/link', { params: { path: { account_id } } }),
    ),
  deactivate: (account_id: number) =>
    data<void>(client.POST('/api/accounts/{account_id}/deactivate', { params: { path: { account_id } } })),
}

/** The form is any object in the description. */
const anyForm = (form: T.ProjectForm) => form as never

export const projects = {
  list: async () => (await data<{ projects: T.ProjectSummary[] }>(client.GET('/api/projects'))).projects,
  create: (what: { name: string; form: T.ProjectForm; overlap: number; lease_minutes: number; guideline: string }) =>
    data<T.Project>(client.POST('/api/projects', { body: { ...what, form: anyForm(what.form) } })),
  /** Members who are not managers get the summary only. */
  get: (id: number) => data<T.ProjectSummary | T.Project>(client.GET('/api/projects/{project_id}', of(id))),
  change: (id: number, what: T.ProjectChange) =>
    data<T.Project>(client.PATCH('/api/projects/{project_id}', { ...of(id), body: what as never })),
  form: (id: number, form: T.ProjectForm) =>
    data<T.Project>(client.PUT('/api/projects/{project_id}/form', { ...of(id), body: { form: anyForm(form) } })),
  guideline: (id: number, text: string, certify = false) =>
    data<T.Project>(client.PUT('/api/projects/{project_id}/guideline', { ...of(id), body: { text, certify } })),
}
export const forms = {
  types: async () => (await data<{ task_types: T.TaskTypeInfo[] }>(client.GET('/api/task-types'))).task_types,
  templates: async () => (await data<{ templates: T.Template[] }>(client.GET('/api/templates'))).templates,
  draw: async (form: unknown) =>
    (await data<{ drawn: T.Drawn }>(client.POST('/api/forms/draw', { body: { form: form as never } }))).drawn,
  preview: (id: number, form: T.ProjectForm) =>
    data<T.FormChange>(
      client.POST('/api/projects/{project_id}/form/preview', { ...of(id), body: { form: anyForm(form) } }),
    ),
  href: (id: number) => `/api/projects/${id}/form`,
}
export const people = {
  list: (id: number) =>
    data<{ members: T.Member[]; invitations: T.Invitation[] }>(client.GET('/api/projects/{project_id}/members', of(id))),
  invite: (id: number, role: T.Role, email: string | null) =>
    data<T.NewInvitation>(client.POST('/api/projects/{project_id}/invitations', { ...of(id), body: { role, email } })),
  withdraw: (project_id: number, invitation_id: number) =>
    data<void>(
      client.DELETE('/api/projects/{project_id}/invitations/{invitation_id}', {
        params: { path: { project_id, invitation_id } },
      }),
    ),
  role: (project_id: number, account_id: number, role: T.Role) =>
    data<void>(
      client.PATCH('/api/projects/{project_id}/members/{account_id}', {
        params: { path: { project_id, account_id } },
        body: { role },
      }),
    ),
  remove: (project_id: number, account_id: number) =>
    data<void>(
      client.DELETE('/api/projects/{project_id}/members/{account_id}', { params: { path: { project_id, account_id } } }),
    ),
}
export const ingest = {
  upload: (id: number, file: File) =>
    data<T.Upload>(client.POST('/api/projects/{project_id}/files', raw(file.name, file, id))),
  media: (id: number, file: File) =>
    data<void>(client.POST('/api/projects/{project_id}/media', raw(file.name, file, id))),
  start: (id: number, body: T.ImportRequest) =>
    data<T.Job>(
      client.POST('/api/projects/{project_id}/imports', {
        ...of(id),
        body: { id: null, fields: {}, format: '', names: false, ...body },
      }),
    ),
  batches: async (id: number) =>
    (await data<{ batches: T.Batch[] }>(client.GET('/api/projects/{project_id}/batches', of(id)))).batches,
}

const job = (project_id: number, job_id: number) => ({ params: { path: { project_id, job_id } } })

export const jobs = {
  list: async (id: number) => (await data<{ jobs: T.Job[] }>(client.GET('/api/projects/{project_id}/jobs', of(id)))).jobs,
  get: (id: number, one: number) => data<T.Job>(client.GET('/api/projects/{project_id}/jobs/{job_id}', job(id, one))),
  cancel: (id: number, one: number) =>
    data<T.Job>(client.DELETE('/api/projects/{project_id}/jobs/{job_id}', job(id, one))),
}
export const work = {
  open: (id: number) => data<T.Work>(client.GET('/api/projects/{project_id}/work', of(id))),
  next: (id: number, count: number) =>
    data<T.Next>(client.POST('/api/projects/{project_id}/next', { ...of(id), body: { count } })),
  submit: (id: number, what: T.Submit) =>
    data<T.Receipt>(client.POST('/api/projects/{project_id}/submits', { ...of(id), body: what as never })),
  rest: (id: number) => data<T.Rest>(client.GET('/api/projects/{project_id}/rest', of(id))),
  me: (id: number) => data<T.Me>(client.GET('/api/projects/{project_id}/me', of(id))),
}
export const adjudication = {
  open: (id: number) => data<T.Desk>(client.GET('/api/projects/{project_id}/adjudication', of(id))),
  next: (id: number, count: number) =>
    data<T.Opened>(client.POST('/api/projects/{project_id}/adjudication/next', { ...of(id), body: { count } })),
  sendBack: (id: number, body: { id: string; assignment: string; more: number }) =>
    data<void>(client.POST('/api/projects/{project_id}/adjudication/send-back', { ...of(id), body })),
  note: (id: number, body: { id: string; assignment: string; text: string }) =>
    data<void>(client.POST('/api/projects/{project_id}/notes', { ...of(id), body })),
  notes: async (id: number) =>
    (await data<{ notes: T.Note[] }>(client.GET('/api/projects/{project_id}/notes', of(id)))).notes,
  closeNote: (project_id: number, note_id: number) =>
    data<void>(
      client.POST('/api/projects/{project_id}/notes/{note_id}/done', { params: { path: { project_id, note_id } } }),
    ),
}
export const model = {
  get: (id: number) => data<T.ModelPage>(client.GET('/api/projects/{project_id}/model', of(id))),
  features: (id: number, file: File) =>
    data<T.Job>(client.POST('/api/projects/{project_id}/features', raw(file.name, file, id))),
  suspects: (id: number) => data<T.SuspectsDesk>(client.GET('/api/projects/{project_id}/suspects', of(id))),
  look: (id: number, body: T.SecondLook) =>
    data<void>(client.POST('/api/projects/{project_id}/suspects/looks', { ...of(id), body })),
}
export const monitor = {
  overview: (id: number) => data<T.Overview>(client.GET('/api/projects/{project_id}/overview', of(id))),
  consensus: (
    project_id: number,
    query: { question?: string; sort?: T.ConsensusSort; after?: string; limit?: number } = {},
  ) =>
    data<T.ConsensusPage>(
      client.GET('/api/projects/{project_id}/consensus', { params: { path: { project_id }, query } }),
    ),
  item: (project_id: number, item_id: number) =>
    data<T.ItemAnswers>(client.GET('/api/projects/{project_id}/items/{item_id}', { params: { path: { project_id, item_id } } })),
}
const ruled = (project_id: number, decision_seq: number) => ({ params: { path: { project_id, decision_seq } } })
export const decisions = {
  list: (project_id: number, query: T.DecisionQuery = {}) =>
    data<T.DecisionPage>(client.GET('/api/projects/{project_id}/decisions', { params: { path: { project_id }, query } })),
  case: (project_id: number, decision_seq: number, number: number) =>
    data<T.Case>(
      client.GET('/api/projects/{project_id}/decisions/{decision_seq}', {
        params: { path: { project_id, decision_seq }, query: { number } },
      }),
    ),
  rule: (id: number, seq: number, body: T.NewRuling) =>
    data<T.Case>(client.POST('/api/projects/{project_id}/decisions/{decision_seq}/rulings', { ...ruled(id, seq), body })),
  mine: async (id: number) =>
    (await data<{ rows: T.MyDecision[] }>(client.GET('/api/projects/{project_id}/me/decisions', of(id)))).rows,
  appeal: async (id: number, seq: number, number: number, text: string) =>
    (
      await data<{ rows: T.MyDecision[] }>(
        client.POST('/api/projects/{project_id}/me/decisions/{decision_seq}/appeal', {
          ...ruled(id, seq),
          body: { number, text },
        }),
      )
    ).rows,
  evidence: (id: number) => `/api/projects/${id}/evidence/table`,
}
export const oversight = {
  get: (id: number) => data<T.Oversight>(client.GET('/api/projects/{project_id}/oversight', of(id))),
  flags: (id: number) => data<T.Flags>(client.GET('/api/projects/{project_id}/flags', of(id))),
  tracks: (project_id: number, after: number) =>
    data<T.Tracks>(
      client.GET('/api/projects/{project_id}/oversight/people', { params: { path: { project_id }, query: { after } } }),
    ),
}
const attribute = (project_id: number, attribute_id: number) => ({ params: { path: { project_id, attribute_id } } })

/** What people say of themselves, if they want to. */
export const attributes = {
  list: (id: number) => data<T.Attributes>(client.GET('/api/projects/{project_id}/attributes', of(id))),
  define: (id: number, body: T.NewAttribute) =>
    data<T.PersonAttribute>(client.POST('/api/projects/{project_id}/attributes', { ...of(id), body })),
  remove: (id: number, one: number) =>
    data<void>(client.DELETE('/api/projects/{project_id}/attributes/{attribute_id}', attribute(id, one))),
  give: (id: number, one: number, value: string) =>
    data<void>(
      client.PUT('/api/projects/{project_id}/attributes/{attribute_id}/answer', {
        ...attribute(id, one),
        body: { value, agreed: true },
      }),
    ),
  takeBack: (id: number, one: number) =>
    data<void>(client.DELETE('/api/projects/{project_id}/attributes/{attribute_id}/answer', attribute(id, one))),
}
export const groups = {
  get: (id: number) => data<T.GroupFigures>(client.GET('/api/projects/{project_id}/groups', of(id))),
  compare: (id: number) => data<T.Job>(client.POST('/api/projects/{project_id}/groups', of(id))),
}
/** Reward models, and what they were trained on. */
export const reward = {
  get: (id: number) => data<T.RewardPage>(client.GET('/api/projects/{project_id}/reward', of(id))),
  train: (id: number, question: string | null) =>
    data<T.Job>(client.POST('/api/projects/{project_id}/reward', { ...of(id), body: { question } })),
  pairs: (id: number, question: string, rows: T.PairRows, format: 'jsonl' | 'parquet') =>
    data<T.Job>(client.POST('/api/projects/{project_id}/reward/pairs', { ...of(id), body: { question, rows, format } })),
  href: (id: number, version: number) => `/api/projects/${id}/reward/${version}/model`,
}
/** What a reward model chooses, and what people say of it. */
export const loop = {
  get: (id: number) => data<T.Loop>(client.GET('/api/projects/{project_id}/loop', of(id))),
  improve: (id: number, what: T.NewPolicy) =>
    data<T.Job>(client.POST('/api/projects/{project_id}/policies', { ...of(id), body: what as never })),
  compare: (project_id: number, policy: number, prompts: number, overlap: number) =>
    data<T.Job>(
      client.POST('/api/projects/{project_id}/policies/{policy}/comparison', {
        params: { path: { project_id, policy } },
        body: { prompts, overlap },
      }),
    ),
  choices: (id: number, policy: number) => `/api/projects/${id}/policies/${policy}/choices`,
}
const goldOf = (project_id: number, gold_id: number) => ({ params: { path: { project_id, gold_id } } })

/** Items whose answer is known. */
export const gold = {
  list: (project_id: number, query: { in_state?: T.GoldState; kind?: T.GoldKind; after?: number; limit?: number } = {}) =>
    data<T.GoldPage>(client.GET('/api/projects/{project_id}/gold', { params: { path: { project_id }, query } })),
  find: (project_id: number, name: string) =>
    data<T.GoldItem>(client.GET('/api/projects/{project_id}/gold/items', { params: { path: { project_id }, query: { name } } })),
  /** `fields`: of an item that is not in the project. */
  add: (id: number, kind: T.GoldKind, item: string, answers: T.Acceptable, reason: string, fields: Record<string, string> | null = null) =>
    data<{ items: number }>(
      client.POST('/api/projects/{project_id}/gold', { ...of(id), body: { kind, entries: [{ item, answers, reason, fields }] } as never }),
    ),
  propose: (project_id: number, name: string, seed: number) =>
    data<T.Proposal>(
      client.GET('/api/projects/{project_id}/gold/traps', { params: { path: { project_id }, query: { name, seed } } }),
    ),
  addTrap: (id: number, body: { item: string; seed: number; answers: T.Acceptable; texts: Record<string, string> }) =>
    data<{ items: number }>(client.POST('/api/projects/{project_id}/gold/traps', { ...of(id), body: body as never })),
  drawTraps: (id: number, count: number) =>
    data<{ items: number }>(client.POST('/api/projects/{project_id}/gold/traps/draws', { ...of(id), body: { count } })),
  draw: (id: number, count: number) =>
    data<{ items: number }>(client.POST('/api/projects/{project_id}/gold/draws', { ...of(id), body: { count } })),
  /** Items that are settled, by their own ids. */
  mint: (id: number, body: { id: string; items: string[] }) =>
    data<{ items: number }>(client.POST('/api/projects/{project_id}/gold/settled', { ...of(id), body })),
  vote: (id: number, one: number, answers: Record<string, unknown>, reason: string) =>
    data<{ state: T.GoldState }>(
      client.PUT('/api/projects/{project_id}/gold/{gold_id}/vote', { ...goldOf(id, one), body: { answers, reason } as never }),
    ),
  decide: (id: number, one: number, answers: T.Acceptable, reason: string, why: string) =>
    data<void>(
      client.PUT('/api/projects/{project_id}/gold/{gold_id}', { ...goldOf(id, one), body: { answers, reason, why } as never }),
    ),
  retire: (id: number, one: number, why: string, how: 'retire' | 'withdraw') =>
    data<void>(
      client.POST('/api/projects/{project_id}/gold/{gold_id}/retirement', { ...goldOf(id, one), body: { why, how } }),
    ),
}
export const exports = {
  start: (id: number, what: T.ExportWhat, format: T.ExportFormat) =>
    data<T.Job>(client.POST('/api/projects/{project_id}/exports', { ...of(id), body: { what, format } })),
  formats: async (id: number) =>
    (await data<{ formats: T.Offer[] }>(client.GET('/api/projects/{project_id}/formats', of(id)))).formats,
  exchange: (id: number, body: T.ExchangeRequest) =>
    data<T.Job>(client.POST('/api/projects/{project_id}/formats', { ...of(id), body })),
  href: (project: number, one: number) => `/api/projects/${project}/exports/${one}`,
}
