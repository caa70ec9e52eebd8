/** Draws boxes on a canvas above the picture: readable on any ground by a line around the line and ground under words. */
import { GRIPS, gripPoint, type Rect, type Size } from './geometry'
import { toScreen, type View } from './view'

export interface Shape extends Rect {
  /** What stands at its corner. */
  text: string
  /** A name of the palette. */
  color: string
  /** 0 is a plain line. */
  dash: number
  /** Where its words stand, for several people's boxes lie over each other: 0 and 1 above, 2 and 3 below; odd ones at the right. */
  corner: number
}
export interface Picture {
  view: View
  screen: Size
  shapes: readonly Shape[]
  selected: number
  hovered: number
  /** Handles are for fingers. */
  touch: boolean
  /** The selected one has handles. */
  grips: boolean
  palette: Palette
}
export interface Palette {
  ground: string
  font: string
  colors: Record<string, string>
}

export const DASHES: readonly (readonly number[])[] = [[], [9, 5], [2, 4], [14, 4, 2, 4]]
/** Above so many boxes in sight, words stand only on those with room for them. */
const CROWD = 120
const TAG = 17

export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element)
  const read = (name: string): string => style.getPropertyValue(name).trim()
  const colors = Object.fromEntries(['c1', 'c2', 'c3', 'c4', 'c5', 'c6'].map((name) => [name, read(`--${name}`)]))
  return { ground: read('--surface'), font: `600 12px ${read('--font')}`, colors }
}

export function paint(ctx: CanvasRenderingContext2D, picture: Picture, ratio: number): void {
  const { screen, view, shapes, selected, palette } = picture
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0)
  ctx.clearRect(0, 0, screen.width, screen.height)
  ctx.font = palette.font
  ctx.textBaseline = 'middle'
  const seen = shapes
    .map((shape, at) => ({ shape, at, on: toScreen(view, shape) }))
    .filter(({ on }) => on.x + on.width > -20 && on.y + on.height > -20 && on.x < screen.width + 20 && on.y < screen.height + 20)
  const crowded = seen.length > CROWD
  // Two tags on an edge share it.
  const shared = shapes.some((shape) => shape.corner > 0)
  const roomOn = (width: number): number => (shared ? Math.max(34, width / 2) : Math.max(56, width))
  // Large ones first, or they would cross out the small ones; the selected one last.
  seen.sort((a, b) => b.on.width * b.on.height - a.on.width * a.on.height)
  for (const { shape, at, on } of seen) {
    if (at === selected) continue
    outline(ctx, on, shape, palette, at === picture.hovered ? 3 : 2)
  }
  for (const { shape, at, on } of seen) {
    if (at === selected || !shape.text) continue
    const room = crowded ? on.width >= 48 && on.height >= 24 : on.width >= 16
    if (room || at === picture.hovered) tag(ctx, on, shape, palette, screen, at === picture.hovered ? 240 : roomOn(on.width))
  }
  const chosen = seen.find(({ at }) => at === selected)
  if (!chosen) return
  ctx.globalAlpha = 0.14
  ctx.fillStyle = color(chosen.shape, palette)
  ctx.fillRect(chosen.on.x, chosen.on.y, chosen.on.width, chosen.on.height)
  ctx.globalAlpha = 1
  outline(ctx, chosen.on, chosen.shape, palette, 3)
  if (chosen.shape.text) tag(ctx, chosen.on, chosen.shape, palette, screen, 240)
  if (picture.grips) handles(ctx, chosen.on, chosen.shape, palette, picture.touch ? 9 : 5)
}

const color = (shape: Shape, palette: Palette): string => palette.colors[shape.color] ?? palette.colors.c1!

function outline(ctx: CanvasRenderingContext2D, on: Rect, shape: Shape, palette: Palette, width: number): void {
  ctx.setLineDash([])
  ctx.globalAlpha = 0.85
  ctx.strokeStyle = palette.ground
  ctx.lineWidth = width + 2
  ctx.strokeRect(on.x, on.y, on.width, on.height)
  ctx.globalAlpha = 1
  ctx.strokeStyle = color(shape, palette)
  ctx.lineWidth = width
  ctx.setLineDash(DASHES[shape.dash % DASHES.length] as number[])
  ctx.strokeRect(on.x, on.y, on.width, on.height)
  ctx.setLineDash([])
}

const shortened = new Map<string, { text: string; width: number }>()

/** Words cut to a width; measured once. */
function cut(ctx: CanvasRenderingContext2D, text: string, room: number): { text: string; width: number } {
  const key = `${Math.round(room / 8)} ${text}`
  const known = shortened.get(key)
  if (known) return known
  if (shortened.size > 5000) shortened.clear()
  let made = text
  while (made.length > 1 && ctx.measureText(made).width > room) made = `${made.replace(/…$/u, '').slice(0, -1)}…`
  const found = { text: made, width: ctx.measureText(made).width }
  shortened.set(key, found)
  return found
}

function tag(ctx: CanvasRenderingContext2D, on: Rect, shape: Shape, palette: Palette, screen: Size, room: number): void {
  const { text, width } = cut(ctx, shape.text, room - 10)
  // Outside the box; inside where the picture's frame leaves no room.
  const above = on.y - TAG - 1
  const below = on.y + on.height + 1
  const y =
    shape.corner % 4 < 2
      ? above >= 0 ? above : Math.max(0, on.y + 1)
      : below + TAG <= screen.height ? below : Math.min(screen.height - TAG, on.y + on.height - TAG - 1)
  const start = shape.corner % 2 ? on.x + on.width - width - 9 : on.x - 1
  const x = Math.max(0, Math.min(start, screen.width - width - 10))
  ctx.fillStyle = color(shape, palette)
  ctx.fillRect(x, y, width + 10, TAG)
  ctx.strokeStyle = palette.ground
  ctx.lineWidth = 1
  ctx.strokeRect(x - 0.5, y - 0.5, width + 11, TAG + 1)
  ctx.fillStyle = palette.ground
  ctx.fillText(text, x + 5, y + TAG / 2 + 0.5)
}

function handles(ctx: CanvasRenderingContext2D, on: Rect, shape: Shape, palette: Palette, half: number): void {
  // A small box has only its corners: more would cover it.
  const small = Math.max(on.width, on.height) < half * 6
  for (const grip of GRIPS) {
    if (small && (grip.h === 0 || grip.v === 0)) continue
    const { x, y } = gripPoint(on, grip)
    ctx.fillStyle = palette.ground
    ctx.strokeStyle = color(shape, palette)
    ctx.lineWidth = 2
    ctx.beginPath()
    ctx.rect(x - half, y - half, 2 * half, 2 * half)
    ctx.fill()
    ctx.stroke()
  }
}
