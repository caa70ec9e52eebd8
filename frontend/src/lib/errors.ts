import { ApiError } from '../api'

/** What went wrong, in a sentence for people. */
export function sentence(error: unknown): string {
  if (error instanceof ApiError) {
    const where = error.where ? ` (${error.where})` : ''
    return error.message + where
  }
  return error instanceof Error ? error.message : String(error)
}
