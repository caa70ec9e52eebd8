/**
 * What every primitive of a form is given, and what it offers.
 *
 * `answer` draws it to be answered, `view` one answer, `compare` several people's answers over each other. A primitive
 * tells every change by `onanswer`; `done` says that its answer is whole and work may go on (a key pressed, not a slider
 * moved). What is not whole yet is told as undefined; where lib/faults.ts can say what is wrong with it (a text too
 * short, rows still open) it is told as it is, so that it is kept as a draft, and held back until it is mended.
 */
import type { Field } from '../api/forms'
import type { Binding } from '../keys/index.svelte'

export type Mode = 'answer' | 'view' | 'compare'

/** An item as a question shows it. */
export interface Item {
  fields: Record<string, string>
  /** The question's fields in the order in which they stand on the screen. */
  shown: readonly string[]
  /** Two fields stand the other way round than they are named. */
  swapped: boolean
  /** Which one it is: what a primitive keeps for itself (a search, a history) ends when this changes. */
  id?: string
}

/** Somebody's answer among others. `color` is a name of the palette, c1 to c6. */
export interface Given<V = unknown> {
  value: V
  who: string
  color: string
}

export interface Props<P, V = unknown> {
  primitive: P
  /** What is asked, for those who hear it. */
  label: string
  mode?: Mode
  value?: V | undefined
  answers?: readonly Given<V>[]
  item: Item
  fields: readonly Field[]
  /** The keys answer this one. */
  active?: boolean
  disabled?: boolean
  /** A model's answer, to be accepted or corrected. */
  suggestion?: V | undefined
  onanswer?: (value: V | undefined, done: boolean) => void
  /** Send everything, from inside a text. */
  onsubmit?: () => void
}

export interface Handle {
  /** The keys it answers to while it has the floor. */
  bindings(): Binding[]
  /** Takes back the last change within it; false where there is none. */
  undo?(): boolean
  /** Puts the cursor into it, where it has a place to write. */
  enter?(): void
}
