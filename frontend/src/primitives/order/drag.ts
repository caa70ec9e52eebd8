/**
 * Carrying a card by its handle, with a mouse, a pen or a finger: where it would be dropped is told all the while, and
 * where it was let go at the end. Escape, or a call that takes the pointer away, puts it back.
 */
import type { Target } from '../../lib/ranking'

interface Carried {
  /** The groups as they are drawn, in their order. */
  groups: () => readonly HTMLElement[]
  /** They stand beside each other. */
  across: () => boolean
  /** Cards may be dropped into a group. */
  ties: boolean
  onover: (target: Target | null) => void
  ondrop: (target: Target) => void
}

/** So far the pointer goes before it is a drag and no click. */
const SLACK = 6
/** The share of a group, in its middle, that ties. */
const MIDDLE = 0.4
/** So near to the window's edge the page scrolls. */
const EDGE = 70
const STEP = 14

export function targetAt(x: number, y: number, rects: readonly Pick<DOMRect, 'left' | 'right' | 'top' | 'bottom'>[], across: boolean, ties: boolean): Target {
  for (const [at, rect] of rects.entries()) {
    const [place, start, end] = across ? [x, rect.left, rect.right] : [y, rect.top, rect.bottom]
    const share = (place - start) / (end - start)
    if (ties && share > (1 - MIDDLE) / 2 && share < (1 + MIDDLE) / 2) return { into: at }
    if (share < 0.5) return { before: at }
  }
  return { before: rects.length }
}

export function carry(down: PointerEvent, { groups, across, ties, onover, ondrop }: Carried): void {
  const handle = down.currentTarget as HTMLElement
  let target: Target | null = null
  let moving = false
  let last = down
  let frame = 0

  function look(): void {
    const rects = groups().map((group) => group.getBoundingClientRect())
    target = targetAt(last.clientX, last.clientY, rects, across(), ties)
    onover(target)
  }
  function scroll(): void {
    const by = last.clientY < EDGE ? -STEP : last.clientY > innerHeight - EDGE ? STEP : 0
    if (by) {
      scrollBy({ top: by, behavior: 'instant' })
      look()
    }
    frame = requestAnimationFrame(scroll)
  }
  function move(event: PointerEvent): void {
    if (event.pointerId !== down.pointerId) return
    last = event
    if (!moving) {
      if (Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) < SLACK) return
      moving = true
      handle.setPointerCapture(down.pointerId)
      frame = requestAnimationFrame(scroll)
    }
    look()
  }
  function end(event: PointerEvent): void {
    if (event.pointerId !== down.pointerId) return
    stop()
    if (moving && target && event.type === 'pointerup') ondrop(target)
  }
  function escape(event: KeyboardEvent): void {
    if (event.key !== 'Escape') return
    event.stopPropagation()
    stop()
  }
  function stop(): void {
    cancelAnimationFrame(frame)
    removeEventListener('pointermove', move)
    removeEventListener('pointerup', end)
    removeEventListener('pointercancel', end)
    removeEventListener('keydown', escape, true)
    onover(null)
  }
  addEventListener('pointermove', move)
  addEventListener('pointerup', end)
  addEventListener('pointercancel', end)
  addEventListener('keydown', escape, true)
}
