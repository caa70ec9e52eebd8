/**
 * What fingers and the mouse do on the picture, as one machine: one pointer draws, moves or resizes; two fingers, the
 * middle button or the hand pan, and two fingers zoom. It knows no elements: points are on the screen, from the
 * picture's frame.
 */
import { between, gripAt, moved, resized, under, type Grip, type Point, type Rect, type Size } from './geometry'
import { panned, toImage, zoomed, type View } from './view'

/** Further than this is a drag, nearer a tap. */
const TAP = 4
const REACH = { mouse: 9, touch: 22 }

export interface Scene {
  image: Size
  screen: Size
  view: View
  boxes: readonly Rect[]
  selected: number
  hand: boolean
  locked: boolean
}
export interface Press extends Point {
  id: number
  touch: boolean
  middle: boolean
  /** Draws, even where a box could be moved. */
  anew: boolean
}
export type Outcome =
  | { did: 'nothing' }
  | { did: 'select'; at: number }
  | { did: 'draw'; rect: Rect }
  | { did: 'change'; rect: Rect }

type Drag =
  | { kind: 'draw' }
  | { kind: 'move'; rect: Rect }
  | { kind: 'resize'; rect: Rect; grip: Grip }
  | { kind: 'pan'; view: View }
  | { kind: 'pinch'; view: View; from: [Point, Point] }

export class Gestures {
  #pointers = new Map<number, Point>()
  #drag: Drag | null = null
  #from: Point = { x: 0, y: 0 }
  #anchor: Point = { x: 0, y: 0 }
  #far = false

  constructor(
    private readonly scene: () => Scene,
    private readonly look: (view: View) => void,
    /** What is being drawn anew or changed; null when it is over. */
    private readonly draft: (rect: Rect | null, anew: boolean) => void,
  ) {}

  get busy(): boolean {
    return this.#drag !== null
  }

  down(press: Press): void {
    const { x, y } = press
    this.#pointers.set(press.id, { x, y })
    const scene = this.scene()
    if (this.#pointers.size === 2) {
      const [a, b] = [...this.#pointers.values()] as [Point, Point]
      this.draft(null, false)
      this.#drag = { kind: 'pinch', view: scene.view, from: [a, b] }
      return
    }
    if (this.#pointers.size > 2) return
    this.#from = { x, y }
    this.#anchor = toImage(scene.view, { x, y })
    this.#far = false
    this.#drag = begin(press, scene)
  }

  move(id: number, point: Point): void {
    if (!this.#pointers.has(id) || !this.#drag) return
    this.#pointers.set(id, point)
    const { view, image, screen } = this.scene()
    const dx = point.x - this.#from.x
    const dy = point.y - this.#from.y
    if (this.#drag.kind === 'pinch') return this.#pinch(this.#drag)
    if (!this.#far && Math.hypot(dx, dy) < TAP) return
    this.#far = true
    if (this.#drag.kind === 'pan') return this.look(panned(this.#drag.view, dx, dy, image, screen))
    this.draft(this.#rect(this.#drag, toImage(view, point)), this.#drag.kind === 'draw')
  }

  up(id: number, point: Point): Outcome {
    const drag = this.#drag
    if (!this.#pointers.delete(id) || !drag) return { did: 'nothing' }
    // The second finger of a pinch leaves later: it draws nothing.
    if (this.#pointers.size) return { did: 'nothing' }
    this.#drag = null
    this.draft(null, false)
    if (drag.kind === 'pinch') return { did: 'nothing' }
    const scene = this.scene()
    if (!this.#far) return drag.kind === 'pan' && !scene.locked ? { did: 'nothing' } : tapped(scene, this.#anchor)
    if (drag.kind === 'pan') return { did: 'nothing' }
    const rect = this.#rect(drag, toImage(scene.view, point))
    return { did: drag.kind === 'draw' ? 'draw' : 'change', rect }
  }

  cancel(): void {
    this.#pointers.clear()
    this.#drag = null
    this.draft(null, false)
  }

  #rect(drag: Exclude<Drag, { kind: 'pan' | 'pinch' }>, at: Point): Rect {
    const { image } = this.scene()
    const dx = at.x - this.#anchor.x
    const dy = at.y - this.#anchor.y
    if (drag.kind === 'draw') return between(this.#anchor, at, image)
    return drag.kind === 'move' ? moved(drag.rect, dx, dy, image) : resized(drag.rect, drag.grip, dx, dy, image)
  }

  #pinch({ view, from }: Extract<Drag, { kind: 'pinch' }>): void {
    const [a, b] = [...this.#pointers.values()]
    if (!a || !b) return
    const { image, screen } = this.scene()
    const middle = (p: Point, q: Point): Point => ({ x: (p.x + q.x) / 2, y: (p.y + q.y) / 2 })
    const far = (p: Point, q: Point): number => Math.max(1, Math.hypot(p.x - q.x, p.y - q.y))
    const before = middle(...from)
    const now = middle(a, b)
    const larger = zoomed(view, far(a, b) / far(...from), before, image, screen)
    this.look(panned(larger, now.x - before.x, now.y - before.y, image, screen))
  }
}

function begin(press: Press, scene: Scene): Drag {
  if (press.middle || scene.hand || scene.locked) return { kind: 'pan', view: scene.view }
  const rect = scene.boxes[scene.selected]
  const point = toImage(scene.view, press)
  if (!rect || press.anew) return { kind: 'draw' }
  const reach = (press.touch ? REACH.touch : REACH.mouse) / scene.view.scale
  const grip = gripAt(rect, point, Math.min(reach, roomFor(rect, reach)))
  if (grip) return { kind: 'resize', rect, grip }
  return under([rect], point, 0).length ? { kind: 'move', rect } : { kind: 'draw' }
}

/** Handles of a small box reach less far inwards than its middle, so that it can still be moved; outwards they do. */
function roomFor(rect: Rect, reach: number): number {
  return Math.max(reach / 2, Math.min(reach, Math.max(rect.width, rect.height) / 3))
}

/** Which box a tap means: the smallest there, and at the next tap the next larger one. */
function tapped(scene: Scene, point: Point): Outcome {
  const there = under(scene.boxes, point, 3 / scene.view.scale)
  const now = there.indexOf(scene.selected)
  return { did: 'select', at: there.length ? there[(now + 1) % there.length]! : -1 }
}

export const cursorOf = (scene: Scene, at: Point): string => {
  if (scene.hand || scene.locked) return 'grab'
  const rect = scene.boxes[scene.selected]
  if (!rect) return 'crosshair'
  const drag = begin({ ...at, id: 0, touch: false, middle: false, anew: false }, scene)
  if (drag.kind === 'move') return 'move'
  if (drag.kind !== 'resize') return 'crosshair'
  const { h, v } = drag.grip
  return h === 0 ? 'ns-resize' : v === 0 ? 'ew-resize' : h === v ? 'nwse-resize' : 'nesw-resize'
}
