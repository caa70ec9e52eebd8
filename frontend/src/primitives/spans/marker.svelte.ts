/** Marking: the cursor in a text, the mark that is being made, the span that is chosen, and what was before. */
import type { Span } from '../../api/forms'
import { announce } from '../../lib/announce.svelte'
import { fitting, over, put, replace, same, without, type Done } from './edit'
import { Points } from './points'
import { letters, words, type Pieces } from './tokens'

/** A mark by the pieces it began and ends with, in code units. */
export interface Mark {
  from: [start: number, end: number]
  to: [start: number, end: number]
  /** The cursor and taps extend it. */
  open: boolean
}

const EXCERPT = 60

export class Marker {
  readonly points: Points
  readonly #words: Pieces
  #letters: Pieces | null = null
  spans = $state.raw<Span[]>([])
  mark = $state.raw<Mark | null>(null)
  chosen = $state.raw<Span | null>(null)
  /** The cursor steps over characters instead of words. */
  exact = $state(false)
  /** Where the cursor stands among `pieces`. */
  cursor = $state(0)
  /** The range that is being pulled at an end, in code units, before it is let go. */
  pulled = $state.raw<[start: number, end: number] | null>(null)
  /** Why the last thing was not done. */
  refused = $state('')
  #before: Span[][] = []

  constructor(
    readonly text: string,
    private readonly overlap: boolean,
    private readonly labelOf: (value: string) => string,
    private readonly tell: (spans: Span[]) => void,
  ) {
    this.points = new Points(text)
    this.#words = words(text)
  }

  get pieces(): Pieces {
    return this.exact ? (this.#letters ??= letters(this.text)) : this.#words
  }

  /** The cursor's piece, in code units; null in an empty text. */
  get here(): [start: number, end: number] | null {
    const { starts, ends, count } = this.pieces
    const at = Math.min(this.cursor, count - 1)
    return at < 0 ? null : [starts[at]!, ends[at]!]
  }

  /** The mark's range in code units. */
  get range(): [start: number, end: number] | null {
    const { mark } = this
    return mark && [Math.min(mark.from[0], mark.to[0]), Math.max(mark.from[1], mark.to[1])]
  }

  /** What has ends to be pulled: the mark, or the chosen span. */
  get held(): [start: number, end: number] | null {
    if (this.pulled || this.mark) return this.pulled ?? this.range
    return this.chosen && [this.points.unit(this.chosen.start), this.points.unit(this.chosen.end)]
  }
  /** Pulls an end to a place, as far as there is a piece between the ends. */
  pull(end: 0 | 1, place: number): void {
    const { held, pieces } = this
    if (!held || !pieces.count) return
    if (end === 0) {
      const start = pieces.starts[Math.max(0, pieces.at(place))]!
      if (start < held[1]) this.pulled = [start, held[1]]
    } else {
      const to = pieces.ends[Math.max(0, pieces.at(Math.max(0, place - 1)))]!
      if (to > held[0]) this.pulled = [held[0], to]
    }
  }
  letGo(): void {
    const { pulled, chosen } = this
    this.pulled = null
    if (!pulled) return
    if (this.mark) {
      this.mark = { from: [pulled[0], pulled[0]], to: [pulled[1], pulled[1]], open: false }
      announce(`Marked: ${this.#cut(pulled)}. Choose a label.`)
    } else if (chosen) {
      const span = { ...chosen, start: this.points.point(pulled[0]), end: this.points.point(pulled[1]) }
      if (!same(span, chosen)) this.#take(replace(this.spans, chosen, span, this.overlap), span)
    }
  }

  /** Shows a value that came from elsewhere. */
  load(value: unknown): void {
    this.spans = fitting(value, this.points.length)
    this.#before = []
    this.mark = null
    this.pulled = null
    this.chosen = null
    this.refused = ''
  }

  excerpt(span: Span): string {
    const said = this.points.slice(span.start, span.end).replace(/\s+/g, ' ').trim()
    return said.length > EXCERPT ? `${said.slice(0, EXCERPT - 1).replace(/[\ud800-\udbff]$/, '')}…` : said
  }
  words(span: Span): string {
    return `${this.labelOf(span.label)} “${this.excerpt(span)}”`
  }

  /** Moves the cursor to a piece; an open mark follows, else the innermost span there is chosen. */
  goTo(at: number, quiet = false): void {
    const { count } = this.pieces
    if (!count) return
    this.cursor = Math.max(0, Math.min(count - 1, at))
    this.refused = ''
    const here = this.here!
    if (this.mark?.open) this.mark = { ...this.mark, to: here }
    else {
      this.mark = null
      this.chosen = over(this.spans, this.points.point(here[0]), this.points.point(here[1])) ?? null
    }
    if (quiet) return
    const range = this.range
    if (range) announce(`Marked: ${this.#cut(range)}`)
    else announce(this.chosen ? `${this.#cut(here)}, in ${this.words(this.chosen)}` : this.#cut(here))
  }
  move(by: number): void {
    this.goTo(this.cursor + by)
  }
  #cut([start, end]: readonly [number, number]): string {
    const said = this.text.slice(start, end)
    return /\S/.test(said) ? said : 'white space'
  }

  setExact(exact: boolean): void {
    const here = this.here
    this.exact = exact
    if (here) this.cursor = this.pieces.at(here[0])
    announce(exact ? 'Character by character.' : 'Word by word.')
  }

  /** Begins a mark at the cursor; pressed again, its other end moves. */
  bracket(): void {
    const here = this.here
    if (!here) return
    this.refused = ''
    if (this.mark) {
      const { from, to } = this.mark
      this.mark = { from: to, to: from, open: true }
      this.cursor = this.pieces.at(from[0])
      announce('The other end of the mark moves now.')
    } else {
      this.mark = { from: here, to: here, open: true }
      this.chosen = null
      announce(`Mark begins at ${this.#cut(here)}. Move to where it ends, then press the key of a label.`)
    }
  }

  /** Marks a range of code units, snapped to words, or to characters where these count. */
  markRange(start: number, end: number, pieces = this.pieces): void {
    const [first, last] = [pieces.after(start), pieces.before(end)]
    if (first >= pieces.count || last < first) return
    const piece = (at: number): [number, number] => [pieces.starts[at]!, pieces.ends[at]!]
    this.mark = { from: piece(first), to: piece(last), open: false }
    this.cursor = this.pieces.at(pieces.starts[last]!)
    this.chosen = null
    this.refused = ''
    announce(`Marked: ${this.#cut(this.range!)}. Choose a label.`)
  }
  /** The characters of the text, whatever the cursor steps over. */
  get characters(): Pieces {
    return (this.#letters ??= letters(this.text))
  }

  giveUp(): void {
    if (this.mark) announce('Mark given up.')
    this.mark = null
    this.chosen = null
    this.refused = ''
  }

  choose(span: Span): void {
    this.mark = null
    this.chosen = span
    this.refused = ''
    this.cursor = this.pieces.at(this.points.unit(span.start))
    announce(this.words(span))
  }
  /** To the next span, or the one before, in the order of the text. */
  jump(by: 1 | -1): void {
    const { spans, chosen, here } = this
    if (!spans.length) {
      announce('No spans yet.')
      return
    }
    const at = chosen ? spans.findIndex((span) => same(span, chosen)) : -1
    if (at >= 0) this.choose(spans[(at + by + spans.length) % spans.length]!)
    else {
      const point = this.points.point(here?.[0] ?? 0)
      const next = by > 0 ? spans.find((span) => span.start >= point) : spans.findLast((span) => span.end <= point)
      this.choose(next ?? spans.at(by > 0 ? 0 : -1)!)
    }
  }

  /** Labels the mark; or the chosen span anew; or what is at the cursor. */
  label(value: string): void {
    const range = this.mark ? this.range : this.here
    if (!range) return
    const [start, end] = [this.points.point(range[0]), this.points.point(range[1])]
    const old = this.mark ? null : this.chosen
    const span = old ? { ...old, label: value } : { start, end, label: value }
    this.#take(old ? replace(this.spans, old, span, this.overlap) : put(this.spans, span, this.overlap), span)
  }

  remove(span = this.chosen): void {
    if (!span) {
      announce('No span is chosen.')
      return
    }
    this.#set(without(this.spans, span))
    this.chosen = null
    announce(`Removed: ${this.words(span)}`)
  }

  /** Takes over somebody else's spans. */
  accept(spans: Span[]): void {
    this.#set(spans)
    this.chosen = null
    announce(`${spans.length} taken over.`)
  }

  /** Moves an end of the chosen span by a piece: its beginning where the cursor stands there, else its end. */
  resize(by: 1 | -1): void {
    const { chosen, here, pieces } = this
    if (!chosen || !here) {
      announce('No span is chosen.')
      return
    }
    const [start, end] = [this.points.unit(chosen.start), this.points.unit(chosen.end)]
    const first = here[0] <= start && here[1] < end
    const at = first
      ? by > 0
        ? pieces.before(start)
        : pieces.after(pieces.ends[pieces.after(start)] ?? start)
      : by > 0
        ? pieces.after(end)
        : pieces.before(pieces.starts[pieces.before(end)] ?? end)
    const place = first ? pieces.starts[at] : pieces.ends[at]
    if (place === undefined || (first ? place >= end : place <= start)) {
      this.#refuse(by > 0 ? 'There is no more text to take in.' : 'It cannot be any shorter; Delete removes it.')
      return
    }
    const span = { ...chosen, [first ? 'start' : 'end']: this.points.point(place) }
    this.#take(replace(this.spans, chosen, span, this.overlap), span, at)
  }

  /** Takes back the mark or the last change; false where there is none. */
  undo(): boolean {
    if (this.mark) {
      this.giveUp()
      return true
    }
    const before = this.#before.at(-1)
    if (!before) return false
    this.#before = this.#before.slice(0, -1)
    this.spans = before
    this.chosen = null
    this.refused = ''
    this.tell(before)
    announce(`Taken back. ${this.spans.length} marked.`)
    return true
  }

  #take(done: Done, span: Span, cursor?: number): void {
    if ('inTheWay' in done) {
      this.#refuse(`Spans may not overlap here: ${this.words(done.inTheWay)} is in the way. Remove or change it first.`)
      return
    }
    this.#set(done.spans)
    this.mark = null
    this.refused = ''
    this.chosen = done.spans.find((other) => same(other, span)) ?? null
    this.cursor = cursor ?? this.pieces.at(this.points.unit(span.end) - 1)
    announce(this.words(span))
  }
  #set(spans: Span[]): void {
    this.#before = [...this.#before, this.spans]
    this.spans = spans
    this.tell(spans)
  }
  #refuse(why: string): void {
    this.refused = why
    announce(why)
  }
}
