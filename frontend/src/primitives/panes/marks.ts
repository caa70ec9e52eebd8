/** One of two texts in pieces: what the other has too, and what stands only in it. */
import type { Change } from '../../lib/diff'

export interface Piece {
  text: string
  only: boolean
}

/** A space between two marked words is marked too: one mark over a phrase reads better than many over its words. */
export function piecesOf(changes: readonly Change[], side: 'removed' | 'added'): Piece[] {
  const own = changes.filter(({ kind }) => kind === 'same' || kind === side)
  const made: Piece[] = []
  for (const [at, { kind, text }] of own.entries()) {
    const bridge = !text.trim() && own[at - 1]?.kind === side && own[at + 1]?.kind === side
    const only = kind === side || bridge
    const last = made.at(-1)
    if (last?.only === only) last.text += text
    else made.push({ text, only })
  }
  return made
}
