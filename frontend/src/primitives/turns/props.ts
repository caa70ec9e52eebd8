import type { Turn, Turns } from '../../api/forms'

/** What every way of answering about turns is given. */
export interface Props<Value> {
  primitive: Turns
  label: string
  before: readonly Turn[]
  value: Value | undefined
  active: boolean
  disabled: boolean
  onanswer?: ((value: Value | undefined, done: boolean) => void) | undefined
  onsubmit?: (() => void) | undefined
}
