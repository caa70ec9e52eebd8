/** What the server makes of a form that is being written: how it is drawn, or what does not fit and where. */
import { ApiError, forms, type Drawn, type ProjectForm } from '../../../api'

export interface Fault {
  /** The question's name; empty where it is about the form. */
  question: string
  message: string
}

const PAUSE = 300

export class Drawing {
  /** The last form that could be drawn. */
  drawn = $state.raw<Drawn | null>(null)
  fault = $state.raw<Fault | null>(null)
  /** Asked for, not yet answered. */
  waits = $state(false)
  #timer: ReturnType<typeof setTimeout> | undefined
  #turn = 0

  /** Draws the form once nothing was changed for a moment; the first one at once. */
  ask(form: ProjectForm): void {
    clearTimeout(this.#timer)
    this.waits = true
    this.#timer = setTimeout(() => void this.now(form), this.drawn || this.fault ? PAUSE : 0)
  }

  async now(form: ProjectForm): Promise<void> {
    const mine = ++this.#turn
    try {
      const drawn = await forms.draw(form)
      if (mine !== this.#turn) return
      this.drawn = drawn
      this.fault = null
    } catch (error) {
      if (mine === this.#turn) this.fault = faultOf(error)
    }
    this.waits = false
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#turn += 1
  }
}

/** What the server says of a form, without the place that it stands at here. */
export function faultOf(error: unknown): Fault {
  if (!(error instanceof ApiError)) return { question: '', message: error instanceof Error ? error.message : String(error) }
  const where = error.where ?? ''
  const said = error.message.toLowerCase().startsWith(`${where.toLowerCase()}: `) ? error.message.slice(where.length + 2) : error.message
  const question = /^form, question (.*)$/s.exec(where)?.[1] ?? ''
  return { question, message: said.charAt(0).toUpperCase() + said.slice(1) }
}
