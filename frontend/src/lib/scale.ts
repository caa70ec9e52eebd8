/** The places of a scale, as they stand on the screen. */
import type { Scale } from '../api/forms'
import { assignKeys, DIGITS } from '../keys/registry'

export interface Place {
  value: number
  /** What is read: the number, without a sign where left and right say it. */
  text: string
  anchor: string
  key: string
}

const NEAR = 1e-9
const tidy = (number: number): number => Number(number.toFixed(9)) + 0

/** A number as people write it, with a real minus. */
export const said = (number: number): string => String(tidy(number)).replace('-', '−')

/** A place to a tenth of a step: a mean of several people's is no finer than that. */
export const near = (scale: Scale, value: number): number => {
  const tenth = stepOf(scale) / 10
  return tidy(Math.round(value / tenth) * tenth)
}

export const stepOf = (scale: Scale): number => scale.step ?? 1

/** What the place at the other end of the screen stands for. */
export const turned = (scale: Scale, value: number): number => tidy(scale.low + scale.high - value)

export function anchorOf(scale: Scale, value: number): string {
  return scale.anchors?.find((anchor) => Math.abs(anchor.value - value) < NEAR)?.label ?? ''
}

/** The values from left to right. */
export function valuesOf(scale: Scale, swapped: boolean): number[] {
  const step = stepOf(scale)
  const count = Math.round((scale.high - scale.low) / step) + 1
  const all = Array.from({ length: count }, (_, at) => tidy(scale.low + at * step))
  const chosen = scale.middle === false ? all.filter((value) => value !== 0) : all
  return scale.mirror && swapped ? chosen.reverse() : chosen
}

/**
 * The keys of places: their own digit where they are 0 to 9, and T for ten; else 1, 2, 3 from left to right, since
 * nobody can press a minus and a digit at once.
 */
function keysOf(values: readonly number[], own: readonly { key?: string }[], mirror: boolean): string[] {
  const digits = !mirror && values.every((value) => Number.isInteger(value) && value >= 0 && value <= 10)
  const wanted = values.map((value, at) => ({ key: digits ? (value === 10 ? 't' : DIGITS.at(value - 1)!) : (DIGITS[at] ?? '') }))
  return assignKeys([...wanted, ...own])
}

/** The places from left to right, none for a slider, and the keys of what may be chosen besides. */
export function placesOf(scale: Scale, swapped: boolean): { places: Place[]; besides: string[] } {
  const values = scale.slider ? [] : valuesOf(scale, swapped)
  const keys = keysOf(values, scale.besides ?? [], !!scale.mirror)
  const places = values.map((value, at) => ({
    value,
    text: said(scale.mirror ? Math.abs(value) : value),
    anchor: anchorOf(scale, value),
    key: keys[at] ?? '',
  }))
  return { places, besides: keys.slice(values.length) }
}

/** A place in words: the number, what it is called and, of two panes, which one it favours. */
export function wordsOfPlace(scale: Scale, value: number, swapped: boolean): string {
  const anchor = anchorOf(scale, value)
  if (!scale.mirror) return anchor ? `${said(value)}, ${anchor}` : said(value)
  if (value === 0) return anchor || 'equal'
  return `${value < 0 !== swapped ? 'left' : 'right'} ${anchor || `by ${said(Math.abs(value))}`}`
}

/** `by` steps from a value, within the scale and never on a middle that cannot be chosen. */
export function moved(scale: Scale, from: number, by: number): number {
  const step = stepOf(scale)
  const bounded = (value: number): number => tidy(Math.max(scale.low, Math.min(scale.high, value)))
  const to = bounded(from + by * step)
  if (scale.middle !== false || to !== 0) return to
  const over = bounded(Math.sign(by || 1) * step)
  return over === 0 ? from : over
}
