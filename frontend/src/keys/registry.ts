/**
 * One list of what every key does. The buttons' key caps, `aria-keyshortcuts`, the help and the handling are drawn
 * from it, so they cannot disagree.
 *
 * A key is a small letter, a digit, "?" or "/", one of PUNCTUATION, or one of NAMED. Two bindings of one layer cannot
 * share a key. Keys do
 * nothing with a modifier, while typing, when held down (but those that repeat), or when a layer above (a dialog) has
 * the floor.
 */

export const NAMED = {
  ' ': 'Space',
  Enter: 'Enter',
  Backspace: 'Backspace',
  ArrowUp: 'ArrowUp',
  ArrowDown: 'ArrowDown',
  ArrowLeft: 'ArrowLeft',
  ArrowRight: 'ArrowRight',
  Delete: 'Delete',
  Escape: 'Escape',
} as const

/** Keys for what a primitive or a field does beside answering: never an option's own. By their place on a US board. */
export const PUNCTUATION: Record<string, string> = {
  '[': 'BracketLeft',
  ']': 'BracketRight',
  '+': 'Equal',
  '-': 'Minus',
  ',': 'Comma',
  '.': 'Period',
  ';': 'Semicolon',
  "'": 'Quote',
}

const CAPS: Record<string, string> = {
  Backspace: '⌫',
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
  Delete: 'Del',
  Escape: 'Esc',
}

export interface Binding {
  key: string
  /** What it does, in the words of the help. */
  label: string
  /** The help's heading it stands under. */
  group: string
  run: () => void
  /** Held down it goes on: for what only moves a cursor. */
  repeats?: boolean
}

export class KeyCollision extends Error {}

const ANSWERS = /^[a-z0-9]$/
const places = new Map(Object.entries(PUNCTUATION).map(([key, code]) => [code, key]))
const names = new Set<string>(Object.values(NAMED))

export function check(key: string): string {
  if (!ANSWERS.test(key) && key !== '?' && key !== '/' && !(key in PUNCTUATION) && !names.has(key))
    throw new KeyCollision(
      `${JSON.stringify(key)} cannot be a key here: use a small letter, a digit, ? or /, or one of ${[...Object.keys(PUNCTUATION), ...names].join(' ')}.`,
    )
  return key
}

/** What stands on the key cap. */
export const cap = (key: string): string => CAPS[key] ?? (key.length === 1 ? key.toUpperCase() : key)
/** The value of `aria-keyshortcuts`. */
export const shortcut = (key: string): string =>
  key === '+' ? 'Plus' : key.length === 1 && /[a-z]/.test(key) ? key.toUpperCase() : key

interface KeyPress {
  key: string
  code: string
  shiftKey: boolean
  ctrlKey: boolean
  altKey: boolean
  metaKey: boolean
  repeat: boolean
  isComposing: boolean
  target: unknown
}

/**
 * The registry's name of a pressed key. Where a layout does not give Latin letters and digits (Cyrillic, Arabic, the
 * digits' row of AZERTY), the key's place on the board counts. So it does where a layout has another letter at the place
 * of a punctuation mark (ü at that of "["); where it has the mark elsewhere, or only with Shift, the mark counts.
 */
export function keyName(event: Pick<KeyPress, 'key' | 'code' | 'shiftKey'>): string | null {
  const { key, code, shiftKey } = event
  if (key in NAMED) return shiftKey ? null : NAMED[key as keyof typeof NAMED]
  if (key === '?') return key
  if (shiftKey) return key in PUNCTUATION ? key : null
  if (key === '/' || /^[0-9a-zA-Z]$/.test(key)) return key.toLowerCase()
  const digit = /^(?:Digit|Numpad)([0-9])$/.exec(code)
  if (digit) return digit[1]!
  if (key in PUNCTUATION) return key
  const letter = /^Key([A-Z])$/.exec(code)
  if (letter) return letter[1]!.toLowerCase()
  return key.length === 1 ? (places.get(code) ?? null) : null
}

export class Keys {
  #layers: Map<string, Binding>[] = [new Map()]
  /** Single keys can be switched off by people who speak to their computer (WCAG 2.1.4). */
  enabled = true

  /** Adds bindings to the page's keys; returns what takes them away. Throws when a key is taken, and adds none. */
  bind(...bindings: Binding[]): () => void {
    return this.#add(this.#layers[0]!, bindings)
  }

  /** A dialog opens: only its own keys work until the returned function is called. */
  layer(...bindings: Binding[]): () => void {
    const layer = new Map<string, Binding>()
    this.#layers.push(layer)
    this.#add(layer, bindings)
    return () => {
      this.#layers = this.#layers.filter((other) => other !== layer)
    }
  }

  #add(layer: Map<string, Binding>, bindings: Binding[]): () => void {
    const fresh = new Map<string, Binding>()
    for (const binding of bindings) {
      check(binding.key)
      const other = layer.get(binding.key) ?? fresh.get(binding.key)
      if (other) throw new KeyCollision(`the key ${binding.key} is taken by “${other.label}”; “${binding.label}” cannot have it too.`)
      fresh.set(binding.key, binding)
    }
    for (const [key, binding] of fresh) layer.set(key, binding)
    return () => {
      for (const [key, binding] of fresh) if (layer.get(key) === binding) layer.delete(key)
    }
  }

  /** Everything the page's keys do, in the order it was bound. */
  list(): Binding[] {
    return [...this.#layers[0]!.values()]
  }

  /** True when the key was used: then the browser's own action is to be prevented. */
  press(event: KeyPress): boolean {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return false
    const target = event.target as Element | null
    if (target?.closest?.('input:not([type=checkbox],[type=radio]), textarea, select, [contenteditable=true]')) return false
    const name = keyName(event)
    if (name === null) return false
    const pressable = target?.closest?.('button, a[href], summary, [role=button], input') ?? null
    if (pressable && (name === 'Enter' || name === 'Space')) return event.repeat // a held key presses no button twice
    if (!this.enabled && name.length === 1) return false
    const binding = this.#layers.at(-1)!.get(name)
    if (!binding) return false
    if (!event.repeat || binding.repeats) binding.run()
    return true
  }
}

export const DIGITS = '1234567890'
export const LETTERS = 'qwertyuiopasdhjklzxcvbnm'
/** The workbench's own: g opens the guideline, f is kept for a flag. */
export const RESERVED = 'gf'

/** Keys for a question's options: their own first, then 1 to 9 and 0, then letters; what is left over has none. */
export function assignKeys(options: readonly { key?: string }[]): string[] {
  const taken = new Set<string>()
  const keys = options.map(({ key = '' }) => {
    const own = key.toLowerCase()
    if (!ANSWERS.test(own) || RESERVED.includes(own) || taken.has(own)) return ''
    taken.add(own)
    return own
  })
  const spare = [...DIGITS, ...LETTERS].filter((key) => !taken.has(key))
  return keys.map((key) => key || (spare.shift() ?? ''))
}
