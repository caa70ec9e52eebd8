/**
 * What keeps a value from being a whole answer, in a sentence for who gives it; empty where nothing does. The server
 * checks the same: this says it where the mend is, and before anything is sent.
 */
import { isUnsure, type Asked } from '../api/forms'
import { count as written } from './format'

/** Characters as people count them: Unicode code points, without spaces around. */
export const lengthOf = (text: string): number => [...text.trim()].length

export function faultOf(primitive: Asked, value: unknown): string {
  if (value === undefined || isUnsure(value)) return ''
  switch (primitive.primitive) {
    case 'text':
      return textFault(String(value), primitive.low ?? 1, primitive.high ?? 10_000, primitive.scripts ?? [])
    case 'toggles': {
      const chosen = value as string[]
      const alone = chosen.length === 1 && primitive.alone?.includes(chosen[0]!)
      return alone ? '' : between(chosen.length, primitive.low ?? 0, primitive.high || Infinity, 'Choose')
    }
    case 'spans':
    case 'boxes':
      return between((value as unknown[]).length, primitive.low ?? 0, Infinity, 'Mark')
    case 'grid': {
      const open = primitive.rows.filter((row) => !(row.value in (value as object)))
      return open.length ? `Still open: ${open.map((row) => row.label).join(', ')}.` : ''
    }
    default:
      return ''
  }
}

/** How many may be chosen, in words; empty where any number may. */
export function allowed(low: number, high: number): string {
  if (low && low === high) return `Choose ${low}.`
  if (low && Number.isFinite(high)) return `Choose ${low} to ${high}.`
  if (low) return `Choose ${low} or more.`
  return Number.isFinite(high) ? `Choose up to ${high}.` : ''
}

function between(count: number, low: number, high: number, verb: string): string {
  if (count < low) return `${verb} ${low} or more; it is ${count} now.`
  return count > high ? `${verb} ${high} at most; it is ${count} now.` : ''
}

function textFault(text: string, low: number, high: number, scripts: readonly string[]): string {
  const count = lengthOf(text)
  if (count < low) return count ? `Write ${written(low)} characters or more; it is ${written(count)} now.` : 'Write something.'
  if (count > high) return `Write ${written(high)} characters at most; it is ${written(count)} now.`
  const odd = scripts.length ? [...text].find((letter) => /\p{L}/u.test(letter) && !writtenIn(scripts, letter)) : undefined
  return odd ? `Write in ${scripts.map(scriptName).join(', ')} letters. “${odd}” is none.` : ''
}

export const scriptName = (script: string): string => (script === 'CJK' ? 'Chinese' : script[0] + script.slice(1).toLowerCase())

const tests = new Map<string, RegExp>()
function writtenIn(scripts: readonly string[], letter: string): boolean {
  return scripts.some((script) => {
    const name = script === 'CJK' ? 'Han' : scriptName(script)
    let test = tests.get(name)
    if (!test) tests.set(name, (test = new RegExp(`\\p{Script_Extensions=${name}}`, 'u')))
    return test.test(letter)
  })
}
