/**
 * Places in a text: the browser counts UTF-16 code units, answers count Unicode code points. They differ after every
 * character beyond the first plane (most emoji).
 */
export class Points {
  /** Code units before every code point and at the end; null where both count alike. */
  readonly #units: Uint32Array | null
  readonly length: number

  constructor(readonly text: string) {
    if (!/[\ud800-\udbff][\udc00-\udfff]/.test(text)) {
      this.#units = null
      this.length = text.length
      return
    }
    const units = new Uint32Array(text.length + 1)
    let points = 0
    for (let unit = 0; unit < text.length; points++) {
      units[points] = unit
      unit += text.codePointAt(unit)! > 0xffff ? 2 : 1
    }
    units[points] = text.length
    this.#units = units.subarray(0, points + 1)
    this.length = points
  }

  /** The code unit at which a code point begins. */
  unit(point: number): number {
    const at = Math.max(0, Math.min(this.length, point))
    return this.#units ? this.#units[at]! : at
  }

  /** The code point at, or for the second half of a pair around, a code unit. */
  point(unit: number): number {
    const at = Math.max(0, Math.min(this.text.length, unit))
    if (!this.#units) return at
    let [low, high] = [0, this.length]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#units[middle]! <= at) low = middle
      else high = middle - 1
    }
    return low
  }

  slice(start: number, end: number): string {
    return this.text.slice(this.unit(start), this.unit(end))
  }
}
