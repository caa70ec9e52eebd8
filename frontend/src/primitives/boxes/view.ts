/** Which part of the picture is on the screen, and how large: screen = picture * scale + offset. */
import type { Point, Rect, Size } from './geometry'

export interface View extends Point {
  scale: number
}

/** How many screen pixels a pixel of the picture may take. */
const LARGEST = 40
/** What is left free around the picture, so that handles on its edge can be taken hold of. */
const MARGIN = 16
const EDGE = 48

export const toImage = (view: View, point: Point): Point => ({
  x: (point.x - view.x) / view.scale,
  y: (point.y - view.y) / view.scale,
})
export const toScreen = (view: View, rect: Rect): Rect => ({
  x: rect.x * view.scale + view.x,
  y: rect.y * view.scale + view.y,
  width: rect.width * view.scale,
  height: rect.height * view.scale,
})

/** The whole picture, in the middle; small pictures grow to at most eight times their size. */
export function fitted(image: Size, screen: Size): View {
  const room = { width: Math.max(1, screen.width - 2 * MARGIN), height: Math.max(1, screen.height - 2 * MARGIN) }
  const scale = Math.min(room.width / image.width, room.height / image.height, 8)
  return kept({ x: 0, y: 0, scale }, image, screen)
}

/** The picture stays on the screen: centred where it is smaller, else without a gap wider than an edge. */
export function kept(view: View, image: Size, screen: Size): View {
  const place = (offset: number, length: number, room: number): number =>
    length + 2 * MARGIN <= room ? (room - length) / 2 : Math.min(EDGE, Math.max(room - length - EDGE, offset))
  return {
    scale: view.scale,
    x: place(view.x, image.width * view.scale, screen.width),
    y: place(view.y, image.height * view.scale, screen.height),
  }
}

/** Larger or smaller by a factor; what is at `at` on the screen stays there. */
export function zoomed(view: View, factor: number, at: Point, image: Size, screen: Size): View {
  const fit = fitted(image, screen).scale
  const scale = Math.min(Math.max(view.scale * factor, fit / 2), Math.max(LARGEST, fit))
  const point = toImage(view, at)
  return kept({ scale, x: at.x - point.x * scale, y: at.y - point.y * scale }, image, screen)
}

export const panned = (view: View, dx: number, dy: number, image: Size, screen: Size): View =>
  kept({ ...view, x: view.x + dx, y: view.y + dy }, image, screen)

/** Moves a rectangle onto the screen, if it is not there. */
export function shown(view: View, rect: Rect, image: Size, screen: Size): View {
  const box = toScreen(view, rect)
  const by = (start: number, length: number, room: number): number => {
    if (start >= 0 && start + length <= room) return 0
    return length > room - 2 * EDGE ? (room - length) / 2 - start : start < 0 ? EDGE - start : room - EDGE - start - length
  }
  const seen = box.x < screen.width && box.y < screen.height && box.x + box.width > 0 && box.y + box.height > 0
  const larger = box.width > screen.width || box.height > screen.height
  if (seen && larger) return view
  return panned(view, by(box.x, box.width, screen.width), by(box.y, box.height, screen.height), image, screen)
}
