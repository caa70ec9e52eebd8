/** The page's one registry, listening from the start. */
import { Keys } from './registry'

export const keys = new Keys()
export { assignKeys, cap, shortcut } from './registry'
export type { Binding } from './registry'

const STORED = 'goldwork.single-keys'

export const setting = $state({ single: read() })
keys.enabled = setting.single

function read(): boolean {
  try {
    return localStorage.getItem(STORED) !== 'off'
  } catch {
    return true
  }
}

export function useSingleKeys(on: boolean): void {
  setting.single = on
  keys.enabled = on
  try {
    localStorage.setItem(STORED, on ? 'on' : 'off')
  } catch {
    // Private windows may have no storage: it holds for this page then.
  }
}

addEventListener('keydown', (event) => {
  if (keys.press(event)) event.preventDefault()
})
