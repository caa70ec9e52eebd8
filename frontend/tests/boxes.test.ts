import assert from 'node:assert/strict'
import { test } from 'node:test'
import { between, counted, drawable, gripAt, GRIPS, gripPoint, grown, initials, moved, resized, under, within, type Rect } from '../src/primitives/boxes/geometry'
import { Gestures, type Outcome, type Scene } from '../src/primitives/boxes/gestures'
import { fitted, kept, panned, shown, toImage, toScreen, zoomed } from '../src/primitives/boxes/view'

const image = { width: 400, height: 300 }
const screen = { width: 800, height: 500 }
const rect = (x: number, y: number, width: number, height: number): Rect => ({ x, y, width, height })

function random(seed: number): () => number {
  let state = seed
  return () => (state = (state * 48271) % 2147483647) / 2147483647
}
function valid(box: Rect): void {
  assert.ok(box.x >= 0 && box.y >= 0, JSON.stringify(box))
  assert.ok(box.width >= 1 && box.height >= 1, JSON.stringify(box))
  assert.ok(box.x + box.width <= image.width + 1e-9 && box.y + box.height <= image.height + 1e-9, JSON.stringify(box))
  for (const n of Object.values(box)) assert.equal(n, Math.round(n * 100) / 100)
}

test('whatever is done to a box, it stays within the picture, has a size and hundredths', () => {
  const next = random(7)
  const any = (): number => (next() - 0.5) * 1500
  for (let round = 0; round < 5000; round++) {
    const box = between({ x: any(), y: any() }, { x: any(), y: any() }, image)
    valid(box)
    valid(moved(box, any(), any(), image))
    valid(grown(box, any(), any(), image))
    valid(within(rect(any(), any(), any(), any()), image))
    for (const grip of GRIPS) valid(resized(box, grip, any(), any(), image))
  }
})

test('a picture thinner than a pixel holds a box of its own size', () => {
  assert.deepEqual(between({ x: 0, y: 0 }, { x: 9, y: 9 }, { width: 1, height: 1 }), rect(0, 0, 1, 1))
})

test('a move keeps the size at every edge', () => {
  assert.deepEqual(moved(rect(10, 10, 50, 40), 1000, -1000, image), rect(350, 0, 50, 40))
})

test('a handle pulled past the other edge turns the box over', () => {
  assert.deepEqual(resized(rect(100, 100, 50, 50), { h: 1, v: 0 }, -80, 99, image), rect(70, 100, 30, 50))
  assert.deepEqual(resized(rect(100, 100, 50, 50), { h: -1, v: -1 }, -10, 20, image), rect(90, 120, 60, 30))
})

test('handles are found where they stand, the nearest one first', () => {
  const box = rect(100, 100, 50, 40)
  for (const grip of GRIPS) assert.deepEqual(gripAt(box, gripPoint(box, grip), 5), grip)
  assert.equal(GRIPS.length, 8)
  assert.equal(gripAt(box, { x: 125, y: 120 }, 5), undefined)
})

test('the smallest box under a point comes first', () => {
  assert.deepEqual(under([rect(0, 0, 100, 100), rect(10, 10, 20, 20), rect(200, 200, 5, 5)], { x: 15, y: 15 }, 0), [1, 0])
})

test('values that are no boxes are left out', () => {
  const box = { ...rect(1, 2, 3, 4), label: 'a' }
  assert.deepEqual(drawable([box, null, 3, { ...box, x: 'no' }, { ...box, label: 1 }, { ...box, width: Infinity }]), [box])
  for (const value of [undefined, null, 'x', {}, { cannot_tell: 'dark' }]) assert.deepEqual(drawable(value), [])
  assert.deepEqual(counted([box, { ...box, label: 'b' }, { ...box, label: 'b' }]), [{ label: 'b', count: 2 }, { label: 'a', count: 1 }])
})

test('letters that stand for people differ', () => {
  assert.deepEqual(initials(['Grace Hopper', 'Ada', 'Greta Hall', '', '🐙 x']), ['GH1', 'A', 'GH2', '4', '🐙X'])
})

test('places on the screen and on the picture agree at every zoom', () => {
  let view = fitted(image, screen)
  for (let step = 0; step < 30; step++) {
    view = zoomed(view, 1.2, { x: 300, y: 200 }, image, screen)
    const on = toScreen(view, rect(123.45, 67.89, 10, 10))
    const back = toImage(view, on)
    assert.ok(Math.abs(back.x - 123.45) < 1e-9 && Math.abs(back.y - 67.89) < 1e-9)
  }
  assert.equal(view.scale, 40)
})

test('zooming keeps what is under the pointer', () => {
  const view = zoomed(fitted(image, screen), 4, { x: 400, y: 250 }, image, screen)
  const before = toImage(view, { x: 420, y: 260 })
  const after = toImage(zoomed(view, 1.5, { x: 420, y: 260 }, image, screen), { x: 420, y: 260 })
  assert.ok(Math.hypot(before.x - after.x, before.y - after.y) < 1e-9)
})

test('a picture is never lost from sight, and a box is brought into it', () => {
  const view = zoomed(fitted(image, screen), 8, { x: 400, y: 250 }, image, screen)
  for (const [dx, dy] of [[1e6, 1e6], [-1e6, -1e6]] as const) {
    const on = toScreen(panned(view, dx, dy, image, screen), { x: 0, y: 0, ...image })
    assert.ok(on.x < screen.width && on.y < screen.height && on.x + on.width > 0 && on.y + on.height > 0)
  }
  const box = rect(380, 280, 10, 10)
  const on = toScreen(shown(kept({ ...view, x: 48, y: 48 }, image, screen), box, image, screen), box)
  assert.ok(on.x >= 0 && on.y >= 0 && on.x + on.width <= screen.width && on.y + on.height <= screen.height)
})

function hands(boxes: Rect[], selected = -1, more: Partial<Scene> = {}) {
  const scene: Scene = { image, screen, view: { x: 0, y: 0, scale: 1 }, boxes, selected, hand: false, locked: false, ...more }
  const drafts: (Rect | null)[] = []
  const gestures = new Gestures(() => scene, (view) => (scene.view = view), (draft) => drafts.push(draft))
  const press = (id: number, x: number, y: number, how = {}): void => gestures.down({ id, x, y, touch: false, middle: false, anew: false, ...how })
  const drag = (from: [number, number], to: [number, number], how = {}): Outcome => {
    press(1, ...from, how)
    gestures.move(1, { x: to[0], y: to[1] })
    return gestures.up(1, { x: to[0], y: to[1] })
  }
  return { scene, gestures, press, drag, drafts }
}

test('one pointer draws on free ground, moves the selected box, and resizes it by a handle', () => {
  assert.deepEqual(hands([]).drag([10, 20], [60, 50]), { did: 'draw', rect: rect(10, 20, 50, 30) })
  const boxes = [rect(100, 100, 80, 80)]
  assert.deepEqual(hands(boxes, 0).drag([140, 140], [150, 130]), { did: 'change', rect: rect(110, 90, 80, 80) })
  assert.deepEqual(hands(boxes, 0).drag([180, 180], [200, 190]), { did: 'change', rect: rect(100, 100, 100, 90) })
  assert.equal(hands(boxes).drag([140, 140], [150, 130]).did, 'draw', 'a box that is not selected is drawn over')
  assert.equal(hands(boxes, 0).drag([140, 140], [150, 130], { anew: true }).did, 'draw', 'with Shift within the selected one')
})

test('a tap selects the smallest box, the next tap the one around it, and beside them none', () => {
  const boxes = [rect(0, 0, 200, 200), rect(50, 50, 20, 20)]
  assert.deepEqual(hands(boxes).drag([60, 60], [61, 61]), { did: 'select', at: 1 })
  assert.deepEqual(hands(boxes, 1).drag([60, 60], [60, 60]), { did: 'select', at: 0 })
  assert.deepEqual(hands(boxes, 1).drag([300, 250], [300, 250]), { did: 'select', at: -1 })
})

test('a second finger drops what the first began, and pans and zooms', () => {
  const { scene, gestures, press, drafts } = hands([], -1, { view: fitted(image, screen) })
  const before = scene.view.scale
  press(1, 300, 200, { touch: true })
  gestures.move(1, { x: 340, y: 200 })
  press(2, 440, 200, { touch: true })
  assert.equal(drafts.at(-1), null)
  gestures.move(1, { x: 290, y: 200 })
  gestures.move(2, { x: 490, y: 200 })
  assert.ok(Math.abs(scene.view.scale / before - 2) < 1e-9)
  assert.deepEqual(gestures.up(1, { x: 290, y: 200 }), { did: 'nothing' })
  assert.deepEqual(gestures.up(2, { x: 300, y: 260 }), { did: 'nothing' })
})

test('the middle button, the hand and a locked picture draw nothing', () => {
  const view = { x: -100, y: -100, scale: 4 }
  for (const [how, more] of [[{ middle: true }, {}], [{}, { hand: true }], [{}, { locked: true }]] as const) {
    const { scene, drag } = hands([rect(20, 20, 300, 200)], 0, { view, ...more })
    assert.deepEqual(drag([200, 200], [230, 210], how), { did: 'nothing' })
    assert.deepEqual([scene.view.x, scene.view.y], [-70, -90])
  }
})
