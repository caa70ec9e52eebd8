/** Follows one job of the server until it ends. */
import { ApiError, jobs, type Job } from '../api'
import { sentence } from './errors'

export const over = (job: Job): boolean => ['done', 'failed', 'cancelled'].includes(job.state)

export class Following {
  job = $state.raw<Job | null>(null)
  failed = $state<string | null>(null)
  #timer: ReturnType<typeof setTimeout> | undefined
  #stopped = false

  constructor(
    private readonly project: number,
    private readonly ended: (job: Job) => void = () => {},
  ) {}

  follow(job: Job): void {
    this.job = job
    this.failed = null
    if (over(job)) this.ended(job)
    else this.#timer = setTimeout(() => void this.#ask(job.id), 400)
  }

  async #ask(id: number): Promise<void> {
    try {
      const job = await jobs.get(this.project, id)
      if (!this.#stopped && this.job?.id === id) this.follow(job)
    } catch (error) {
      if (this.#stopped) return
      // The job goes on without us; the line may come back.
      if (error instanceof ApiError && (error.offline || error.status >= 500)) this.#timer = setTimeout(() => void this.#ask(id), 2000)
      else this.failed = sentence(error)
    }
  }

  async cancel(): Promise<void> {
    if (!this.job) return
    try {
      clearTimeout(this.#timer)
      this.follow(await jobs.cancel(this.project, this.job.id))
    } catch (error) {
      this.failed = sentence(error)
    }
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.job = null
    this.failed = null
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }
}
