/** One way to the server: errors in one shape, and a word when it no longer knows who this is. */
import type { Problem } from './types'

/** Status 0: the server was not reached. */
export class ApiError extends Error {
  readonly code: string
  readonly reason: string | undefined
  readonly where: string | undefined

  constructor(
    readonly status: number,
    problem: Pick<Problem, 'message' | 'reason' | 'where'> & { code: string },
    readonly retryAfter: number | null = null,
  ) {
    super(problem.message)
    this.name = 'ApiError'
    this.code = problem.code
    this.reason = problem.reason
    this.where = problem.where
  }

  get offline(): boolean {
    return this.status === 0
  }
}

/** A lost reply is as good as none: after so long a request counts as not answered. Uploads may take longer. */
const PATIENCE = 30_000
const UPLOAD_PATIENCE = 1_800_000

const OFFLINE = {
  code: 'offline',
  message: 'The server cannot be reached. Check the connection; nothing you entered is lost.',
}
const STRANGE = {
  code: 'error',
  message: 'The server sent something that is not an answer. Is a proxy in between? Load the page again.',
}

let unauthenticated: () => void = () => {}
/** Called when the server no longer knows who this is. */
export function onUnauthenticated(call: () => void): void {
  unauthenticated = call
}

async function problem(response: Response): Promise<Pick<Problem, 'message' | 'reason' | 'where'> & { code: string }> {
  try {
    const body = (await response.json()) as { error?: Problem }
    if (body.error?.message) return { ...body.error, message: capital(body.error.message) }
  } catch {
    // Not ours: a proxy's page, or nothing at all.
  }
  return { code: 'error', message: `The server answered ${response.status}. Try again; if it stays so, ask who runs it.` }
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** `fetch` that answers only what is well. */
export async function reach(request: Request): Promise<Response> {
  const upload = request.headers.get('content-type') === 'application/octet-stream'
  let response: Response
  try {
    response = await fetch(request, { signal: AbortSignal.timeout(upload ? UPLOAD_PATIENCE : PATIENCE) })
  } catch {
    throw new ApiError(0, OFFLINE)
  }
  if (!response.ok) {
    const wait = Number(response.headers.get('retry-after'))
    const failure = new ApiError(response.status, await problem(response), wait > 0 ? wait : null)
    const signingIn = request.method === 'POST' && new URL(request.url).pathname === '/api/session'
    if (failure.status === 401 && !signingIn) unauthenticated()
    throw failure
  }
  if (response.status !== 204 && !response.headers.get('content-type')?.includes('json')) throw new ApiError(response.status, STRANGE)
  return response
}
