/** Numbers, times and counts as people read them. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const one = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })

export const count = (n: number): string => whole.format(n)
export const decimal = (n: number): string => one.format(n)

/** "1 item", "2,000 items". */
export function plural(n: number, word: string, many = `${word}s`): string {
  return `${count(n)} ${n === 1 ? word : many}`
}

/** A number between -1 and 1 with two digits and no leading zero: .74 */
export function unit(x: number | null | undefined): string {
  if (x === null || x === undefined || Number.isNaN(x)) return '–'
  const text = Math.abs(x).toFixed(2)
  const sign = x < 0 && Number(text) > 0 ? '−' : ''
  return sign + (text.startsWith('0') ? text.slice(1) : text)
}

/** 41 %: the number and its sign stay together at a line's end. */
export function percent(x: number): string {
  const p = x * 100
  if (p > 0 && p < 1) return 'under 1\u00a0%'
  if (p > 99 && p < 100) return 'over 99\u00a0%'
  return `${Math.round(p)}\u00a0%`
}

/** 41 s, 12 min, 3 h 20 min */
export function duration(seconds: number): string {
  if (seconds < 10) return `${one.format(seconds)} s`
  if (seconds < 90) return `${Math.round(seconds)} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 90) return `${minutes} min`
  const rest = minutes % 60
  return `${Math.floor(minutes / 60)} h${rest ? ` ${rest} min` : ''}`
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
const date = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })
const dayMonth = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })

export const time = (ms: number): string => clock.format(ms)
export const day = (ms: number): string => date.format(ms)
/** From the server's YYYY-MM-DD. */
export const dayOf = (text: string): string => dayMonth.format(Date.parse(`${text}T00:00:00Z`))

/** "just now", "5 min ago", "2 h ago", then the date. */
export function ago(ms: number | null, now = Date.now()): string {
  if (ms === null) return 'never'
  const seconds = (now - ms) / 1000
  if (seconds < 60) return 'just now'
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`
  if (seconds < 7 * 86400) return plural(Math.floor(seconds / 86400), 'day') + ' ago'
  return day(ms)
}

export function bytes(n: number): string {
  if (n < 1000) return `${n} B`
  if (n < 1e6) return `${one.format(n / 1e3)} KB`
  return n < 1e9 ? `${one.format(n / 1e6)} MB` : `${one.format(n / 1e9)} GB`
}

/** A version-4 UUID, also where the page is served over plain HTTP and `randomUUID` is missing. */
export function uuid(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID()
  const b = crypto.getRandomValues(new Uint8Array(16))
  b[6] = (b[6]! & 0x0f) | 0x40
  b[8] = (b[8]! & 0x3f) | 0x80
  const hex = [...b].map((x) => x.toString(16).padStart(2, '0')).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
