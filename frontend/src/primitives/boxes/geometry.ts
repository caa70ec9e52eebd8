/**
 * The geometry of boxes on a picture: all lengths in the picture's own pixels unless called `screen`.
 *
 * Every box that leaves here lies within the picture, has sides of a pixel or more, and coordinates in hundredths.
 */
import type { Box } from '../../api/forms'

export interface Size {
  width: number
  height: number
}
export interface Point {
  x: number
  y: number
}
export interface Rect extends Point, Size {}

/** The places of a box's eight handles: -1 is its left or upper edge, 1 the right or lower, 0 between. */
export interface Grip {
  h: -1 | 0 | 1
  v: -1 | 0 | 1
}
export const GRIPS: readonly Grip[] = ([-1, 0, 1] as const)
  .flatMap((v) => ([-1, 0, 1] as const).map((h) => ({ h, v })))
  .filter(({ h, v }) => h !== 0 || v !== 0)

const SMALLEST = 1

const hundredths = (n: number): number => Math.round(n * 100) / 100
const clamp = (n: number, low: number, high: number): number => Math.min(Math.max(n, low), Math.max(low, high))

/** One side of a box between two places, within `whole`. A side below the smallest grows from `from` on, or back. */
function side(from: number, to: number, whole: number): [start: number, length: number] {
  let low = hundredths(clamp(Math.min(from, to), 0, whole))
  let high = hundredths(clamp(Math.max(from, to), 0, whole))
  const least = Math.min(SMALLEST, whole)
  if (high - low < least) {
    if (to < from) low = hundredths(clamp(high - least, 0, whole - least))
    else low = hundredths(clamp(low, 0, whole - least))
    high = hundredths(low + least)
  }
  return [low, hundredths(high - low)]
}

/** The box between two opposite corners. */
export function between(a: Point, b: Point, image: Size): Rect {
  const [x, width] = side(a.x, b.x, image.width)
  const [y, height] = side(a.y, b.y, image.height)
  return { x, y, width, height }
}

/** Its size, or as much of it as there is room for, at the place nearest to its own. */
export function within(rect: Rect, image: Size): Rect {
  const width = hundredths(clamp(rect.width, Math.min(SMALLEST, image.width), image.width))
  const height = hundredths(clamp(rect.height, Math.min(SMALLEST, image.height), image.height))
  return {
    x: hundredths(clamp(rect.x, 0, image.width - width)),
    y: hundredths(clamp(rect.y, 0, image.height - height)),
    width,
    height,
  }
}

export const moved = (rect: Rect, dx: number, dy: number, image: Size): Rect =>
  within({ ...rect, x: rect.x + dx, y: rect.y + dy }, image)

/** Pulled by a handle; pulled past its other edge it turns over. */
export function resized(rect: Rect, grip: Grip, dx: number, dy: number, image: Size): Rect {
  const [x, width] = pulled(rect.x, rect.width, grip.h, dx, image.width)
  const [y, height] = pulled(rect.y, rect.height, grip.v, dy, image.height)
  return { x, y, width, height }
}
function pulled(start: number, length: number, edge: -1 | 0 | 1, by: number, whole: number): [number, number] {
  if (edge === 0) return side(start, start + length, whole)
  return edge < 0 ? side(start + length, start + by, whole) : side(start, start + length + by, whole)
}

/** Wider and higher at its right and lower edge, which stay within the picture. */
export function grown(rect: Rect, dx: number, dy: number, image: Size): Rect {
  const width = clamp(rect.width + dx, SMALLEST, image.width - rect.x)
  const height = clamp(rect.height + dy, SMALLEST, image.height - rect.y)
  return within({ ...rect, width, height }, image)
}

/** The places of the boxes under a point, smallest first; `slack` makes thin ones reachable. */
export function under(boxes: readonly Rect[], point: Point, slack: number): number[] {
  return boxes
    .map((box, at) => ({ box, at }))
    .filter(
      ({ box }) =>
        point.x >= box.x - slack &&
        point.x <= box.x + box.width + slack &&
        point.y >= box.y - slack &&
        point.y <= box.y + box.height + slack,
    )
    .sort((a, b) => a.box.width * a.box.height - b.box.width * b.box.height)
    .map(({ at }) => at)
}

/** The handle within `reach` of a point, the nearest one where several are. */
export function gripAt(rect: Rect, point: Point, reach: number): Grip | undefined {
  let best: Grip | undefined
  let least = reach
  for (const grip of GRIPS) {
    const { x, y } = gripPoint(rect, grip)
    const far = Math.max(Math.abs(point.x - x), Math.abs(point.y - y))
    if (far <= least) {
      best = grip
      least = far
    }
  }
  return best
}
export const gripPoint = (rect: Rect, grip: Grip): Point => ({
  x: rect.x + (rect.width * (grip.h + 1)) / 2,
  y: rect.y + (rect.height * (grip.v + 1)) / 2,
})

/** A value as boxes that can be drawn; whatever is none is left out. */
export function drawable(value: unknown): Box[] {
  return Array.isArray(value) ? value.filter(isBox) : []
}
function isBox(value: unknown): value is Box {
  if (typeof value !== 'object' || value === null) return false
  const box = value as Record<string, unknown>
  const numbers = [box.x, box.y, box.width, box.height]
  return numbers.every((n) => typeof n === 'number' && Number.isFinite(n)) && typeof box.label === 'string'
}

/** How many of each label, most first. */
export function counted(boxes: readonly Box[]): { label: string; count: number }[] {
  const counts = new Map<string, number>()
  for (const { label } of boxes) counts.set(label, (counts.get(label) ?? 0) + 1)
  return [...counts].map(([label, count]) => ({ label, count })).sort((a, b) => b.count - a.count)
}

/** Letters that stand for people, all different. */
export function initials(people: readonly string[]): string[] {
  const plain = people.map((who, at) => {
    const letters = who.split(/\s+/).filter(Boolean).map((word) => [...word][0]!.toUpperCase())
    return letters.slice(0, 2).join('') || String(at + 1)
  })
  return plain.map((letters, at) => {
    const same = plain.slice(0, at).filter((other) => other === letters).length
    return plain.indexOf(letters) === plain.lastIndexOf(letters) ? letters : `${letters}${same + 1}`
  })
}
