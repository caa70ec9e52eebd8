/** Up and down: the piece on the next row that stands nearest to the cursor. */
import type { Pieces } from './tokens'

interface Box {
  x: number
  y: number
  width: number
  height: number
}
interface Placed {
  boxes(start: number, end: number): Box[]
}

/** Pieces looked at before a row is given up. */
const FAR = 3000

/** Where the cursor goes from piece `at`; where there is no such row, it goes to the text's first or last piece. */
export function lineStep(text: Placed, pieces: Pieces, at: number, by: 1 | -1): number {
  const box = (piece: number): Box | undefined => text.boxes(pieces.starts[piece]!, pieces.ends[piece]!)[0]
  const here = box(at)
  if (!here) return at
  const middle = here.x + here.width / 2
  let row: number | null = null
  let best: number | null = null
  let nearest = Infinity
  for (let piece = at + by, seen = 0; piece >= 0 && piece < pieces.count && seen < FAR; piece += by, seen++) {
    const there = box(piece)
    if (!there) continue
    const away = by * (there.y - here.y)
    if (away < here.height / 2) continue
    if (row !== null && Math.abs(there.y - row) > here.height / 2) break
    row = there.y
    const off = Math.abs(there.x + there.width / 2 - middle)
    if (off < nearest) [nearest, best] = [off, piece]
  }
  return best ?? (by > 0 ? pieces.count - 1 : 0)
}
