import type { Problem } from './types'

/** Status 0: the server was not reached. */
export class ApiError extends Error {
  readonly code: string
  readonly reason: string | undefined
  readonly where: string | undefined
  readonly details: Record<string, unknown> | undefined

  constructor(
    readonly status: number,
    problem: Problem,
    readonly retryAfter: number | null = null,
  ) {
    super(problem.message)
    this.name = 'ApiError'
    this.code = problem.code
    this.reason = problem.reason
    this.where = problem.where
    this.details = problem.details
  }

  get offline(): boolean {
    return this.status === 0
  }
}

const OFFLINE: Problem = {
  code: 'offline',
  message: 'The server cannot be reached. Check the connection; nothing you entered is lost.',
}

async function problem(response: Response): Promise<Problem> {
  try {
    const body = (await response.json()) as { error?: Problem }
    if (body.error?.message) return body.error
  } catch {
    // Not ours: a proxy's page, or nothing at all.
  }
  return { code: 'error', message: `The server answered ${response.status}. Try again; if it stays so, ask who runs it.` }
}

export interface Options {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  json?: unknown
  body?: BodyInit
  query?: Record<string, string | number | undefined>
  signal?: AbortSignal
  /** Give up after so many milliseconds; the error is as if the server was not reached. */
  timeout?: number
  keepalive?: boolean
}

let unauthenticated: () => void = () => {}
/** Called when the server no longer knows who this is. */
export function onUnauthenticated(call: () => void): void {
  unauthenticated = call
}

export async function request<T>(path: string, options: Options = {}): Promise<T> {
  const { method = 'GET', json, query, timeout } = options
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) search.set(name, String(value))
  const init: RequestInit = { method, credentials: 'same-origin', headers: { accept: 'application/json' } }
  if (json !== undefined) {
    init.body = JSON.stringify(json)
    init.headers = { ...init.headers, 'content-type': 'application/json' }
  } else if (options.body !== undefined) {
    init.body = options.body
    init.headers = { ...init.headers, 'content-type': 'application/octet-stream' }
  }
  if (options.keepalive) init.keepalive = true
  const signals = [options.signal, timeout ? AbortSignal.timeout(timeout) : undefined].filter((s) => s !== undefined)
  if (signals.length === 1) init.signal = signals[0]!
  else if (signals.length) init.signal = AbortSignal.any(signals)
  let response: Response
  let text: string
  try {
    response = await fetch(`/api${path}${search.size ? `?${search}` : ''}`, init)
    text = response.ok ? await response.text() : ''
  } catch (error) {
    if (options.signal?.aborted) throw error
    throw new ApiError(0, OFFLINE)
  }
  if (!response.ok) {
    const wait = Number(response.headers.get('retry-after'))
    const failure = new ApiError(response.status, await problem(response), wait > 0 ? wait : null)
    if (failure.status === 401 && !(method === 'POST' && path === '/session')) unauthenticated()
    throw failure
  }
  if (!text) return undefined as T
  try {
    return JSON.parse(text) as T
  } catch {
    throw new ApiError(response.status, {
      code: 'error',
      message: 'The server sent something that is not an answer. Is a proxy in between? Load the page again.',
    })
  }
}
