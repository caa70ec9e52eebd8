/** What can be done to a list of spans. All places are code points; no list is changed in place. */
import type { Span } from '../../api/forms'

export const same = (one: Span, other: Span): boolean => one.start === other.start && one.end === other.end && one.label === other.label
/** A name of a span that no other in its list has. */
export const keyOf = (span: Span): string => `${span.start} ${span.end} ${span.label}`
export const overlaps = (one: Span, other: Span): boolean => one.start < other.end && other.start < one.end
const within = (inner: Span, outer: Span): boolean => outer.start <= inner.start && inner.end <= outer.end

/** In the order of the text. */
export const ordered = (spans: readonly Span[]): Span[] =>
  [...spans].sort((a, b) => a.start - b.start || a.end - b.end || (a.label < b.label ? -1 : a.label > b.label ? 1 : 0))

/** The list with the change, or the span that stands in its way. */
export type Done = { spans: Span[] } | { inTheWay: Span }

/**
 * Adds a span. Where spans may not overlap, one over the same range gives it another label, and one around others of its
 * own label takes them in; anything else that overlaps is refused, since what was marked before must not vanish unseen.
 */
export function put(spans: readonly Span[], span: Span, overlap: boolean): Done {
  if (overlap) return { spans: spans.some((other) => same(other, span)) ? [...spans] : ordered([...spans, span]) }
  const hit = spans.filter((other) => overlaps(other, span))
  const inTheWay = hit.find((other) => {
    const relabelled = other.start === span.start && other.end === span.end
    return !relabelled && !(other.label === span.label && within(other, span))
  })
  if (inTheWay) return { inTheWay }
  return { spans: ordered([...spans.filter((other) => !hit.includes(other)), span]) }
}

export const without = (spans: readonly Span[], span: Span): Span[] => spans.filter((other) => !same(other, span))

/** Another span in the place of one. */
export const replace = (spans: readonly Span[], old: Span, span: Span, overlap: boolean): Done => put(without(spans, old), span, overlap)

/** The innermost span over a range. */
export function over(spans: readonly Span[], start: number, end: number): Span | undefined {
  let found: Span | undefined
  for (const span of spans) {
    if (span.start >= end) break
    if (span.end > start && (!found || span.end - span.start < found.end - found.start)) found = span
  }
  return found
}

/** The spans of a value that fit a text of so many code points; of anything else, none. */
export function fitting(value: unknown, length: number): Span[] {
  if (!Array.isArray(value)) return []
  const fits = (span: Partial<Span> | null): boolean =>
    typeof span === 'object' &&
    span !== null &&
    Number.isInteger(span.start) &&
    Number.isInteger(span.end) &&
    typeof span.label === 'string' &&
    span.start! >= 0 &&
    span.start! < span.end! &&
    span.end! <= length
  return ordered(value.filter(fits) as Span[])
}
