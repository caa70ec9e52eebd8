/**
 * Maths in Markdown: where it stands, and how it is set. The typesetter is large, and loaded where a text holds maths.
 *
 * `$…$` and `\(…\)` stand in a line, `$$…$$` and `\[…\]` on their own. A dollar that opens has no space behind it, one
 * that closes none before it and no digit behind it: “$5 and $6” is money.
 */

export interface Maths {
  tex: string
  display: boolean
  /** Where it ends in the text. */
  end: number
}

const MOST = 10_000
const MARKS: readonly (readonly [open: string, close: string, display: boolean])[] = [
  ['$$', '$$', true],
  ['\\[', '\\]', true],
  ['\\(', '\\)', false],
]

/** The maths that begins exactly at `at`, if any does. */
export function mathsAt(text: string, at: number): Maths | null {
  for (const [open, close, display] of MARKS) {
    if (!text.startsWith(open, at)) continue
    const end = text.indexOf(close, at + open.length)
    const tex = end < 0 ? '' : text.slice(at + open.length, end)
    return tex.trim() && tex.length <= MOST ? { tex, display, end: end + close.length } : null
  }
  if (text[at] !== '$' || /^\s?$/.test(text[at + 1] ?? '')) return null
  for (let end = text.indexOf('$', at + 1); end >= 0 && end - at <= MOST; end = text.indexOf('$', end + 1)) {
    if (text[end - 1] === '\\') continue
    const tex = text.slice(at + 1, end)
    if (/\s$/.test(tex) || /^\d/.test(text.slice(end + 1, end + 2)) || tex.includes('\n\n')) return null
    return { tex, display: false, end: end + 1 }
  }
  return null
}

const MARK = /\$|\\[([]/g
/** Whether there may be any: what Markdown makes code of is found too, and harmless. */
export function hasMaths(text: string): boolean {
  for (const found of text.matchAll(MARK)) if (mathsAt(text, found.index)) return true
  return false
}

type Katex = typeof import('katex').default
let katex: Katex | null = null

export const mathsLoaded = (): boolean => katex !== null
export async function loadMaths(): Promise<void> {
  katex ??= (await import('katex')).default
}

/** MathML, which needs neither fonts nor styles; null for what is no maths, or while the typesetter is not there. */
export function typeset(tex: string, displayMode: boolean): string | null {
  try {
    const html = katex?.renderToString(tex, {
      output: 'mathml',
      displayMode,
      throwOnError: true,
      strict: 'ignore',
      trust: false,
      maxSize: 20,
      maxExpand: 200,
    })
    // The source beside the formula would be read out, and shown where the elements around it are taken away.
    return html?.replace(/<annotation[^]*?<\/annotation>/g, '').replace(/<\/?semantics>/g, '') ?? null
  } catch {
    return null
  }
}
