/** Boxes that scroll together: each stands at the same share of its length. */
export function follow(boxes: readonly HTMLElement[]): () => void {
  /** Where a box was put by another; its own event about that moves nobody. */
  const put = new Map<HTMLElement, number>()
  const reach = (box: HTMLElement): number => box.scrollHeight - box.clientHeight

  function scrolled(event: Event): void {
    const box = event.currentTarget as HTMLElement
    const expected = put.get(box)
    put.delete(box)
    if (expected !== undefined && Math.abs(expected - box.scrollTop) <= 1) return
    const share = reach(box) > 0 ? box.scrollTop / reach(box) : 0
    for (const other of boxes) {
      if (other === box) continue
      const before = other.scrollTop
      other.scrollTop = share * reach(other)
      if (other.scrollTop !== before) put.set(other, other.scrollTop)
    }
  }

  for (const box of boxes) box.addEventListener('scroll', scrolled, { passive: true })
  return () => {
    for (const box of boxes) box.removeEventListener('scroll', scrolled)
  }
}
