/** The engine's decisions in sentences. */
import type { DecisionKind, DecisionRow, MyDecision, Statement } from '../../../api'
import { count, decimal, percent as spaced, plural } from '../../../lib/format'

/** A share whose sign does not go to a line of its own. */
const percent = (share: number): string => spaced(share).replaceAll(' ', '\u00a0')

export const TITLES: Record<DecisionKind, string> = {
  warn: 'Warned',
  quarantine: 'Set aside',
  propose: 'Proposal',
  restored: 'Counts again',
  watch: 'Looked at more closely',
  qualified: 'Training passed',
  unqualified: 'Training failed',
  complete: 'Complete',
  reopened: 'Opened again',
  adjudicate: 'To an expert',
  settled: 'Settled',
}
export const PEOPLE: DecisionKind[] = ['warn', 'quarantine', 'propose', 'restored', 'watch', 'qualified', 'unqualified']
export const ITEMS: DecisionKind[] = ['complete', 'reopened', 'adjudicate', 'settled']
/** What a person may overrule. */
export const REVERSIBLE = new Set<DecisionKind>(['warn', 'quarantine', 'propose', 'watch', 'unqualified', 'complete', 'adjudicate', 'settled'])

const WHY: Record<string, string> = {
  overlap: 'it has the judgements that were asked for',
  sure: 'its answer is sure enough',
  agreed: 'everybody agrees',
  cap: 'no more judgements may be asked for',
}
const REASONS: Record<string, string> = {
  peers: 'their answers differ from those of the others more often than the floor allows',
  fast: 'they answer faster than such items take others',
  'straight-lining': 'there are long runs of the same answer',
  skew: 'they choose some answers much more often than others do',
  random: 'their answers look like chance',
  position: 'their answers go with the place on the screen',
  copying: 'their answers are too like those of somebody else',
  fatigue: 'their answers get worse within a session',
  drift: 'their answers on gold have got worse',
  traps: 'they fall for traps more often than the floor allows',
  repeats: 'they answer the same item differently more often than the floor allows',
}
const TRAINING: Record<string, string> = { quiz: 'the quiz', refresher: 'the refresher', teaching: 'the lesson' }
const TODAY: Record<DecisionKind, (n: number) => string> = {
  warn: (n) => `${plural(n, 'person', 'people')} warned by the evidence from gold`,
  quarantine: (n) => `the work of ${plural(n, 'person', 'people')} set aside`,
  propose: (n) => `${plural(n, 'proposal')} made to a person`,
  restored: (n) => `the work of ${plural(n, 'person', 'people')} counts again`,
  watch: (n) => `${plural(n, 'person', 'people')} given more gold, to be looked at`,
  qualified: (n) => `${plural(n, 'person', 'people')} passed a training`,
  unqualified: (n) => `${plural(n, 'person', 'people')} failed a training`,
  complete: (n) => `${plural(n, 'item')} had enough`,
  reopened: (n) => `${plural(n, 'item')} opened again`,
  adjudicate: (n) => `${plural(n, 'item')} went to an expert`,
  settled: (n) => `${plural(n, 'item')} settled by an expert`,
}
const ORDER = Object.keys(TODAY)
/** People first: what is decided about them asks for a look. */
export const ordered = <T extends { kind: string }>(all: readonly T[]): T[] => all.toSorted((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind))
export const today = (kind: string, n: number): string => TODAY[kind as DecisionKind]?.(n) ?? `${kind}: ${n}`

export const nameOf = (row: { name: string | null; called?: string; pseudonym?: string }): string =>
  row.name ?? row.called ?? row.pseudonym ?? ''
/** E as it is read: large ones in whole numbers. */
export const strength = (e: number): string => (e >= 1e6 ? 'over a million' : e >= 10 ? Math.round(e).toLocaleString('en') : decimal(e))

type Evidence = Record<string, number | string | string[] | PoorText[]>
const of = (row: DecisionRow): Evidence => row.evidence as Evidence
const num = (value: unknown): number => (typeof value === 'number' ? value : 0)

function measured(row: DecisionRow): string {
  const { e, gold, right, floor } = of(row)
  const share = num(gold) ? num(right) / 1000 / num(gold) : 0
  return `${percent(share)} right on ${plural(num(gold), 'gold item')}, where ${percent(num(floor) / 10_000)} is asked for; E is ${strength(num(e))}`
}
/** A text that reviewers find poor, or about which they part. Scores are thousandths of the way from 1 to 5. */
interface PoorText {
  reviews: number
  mean: number
  apart: number
}
const PLACE = 250
function reviewed(texts: readonly PoorText[]): string {
  const [first] = texts
  if (!first) return 'its reviews ask for it'
  const which = texts.length > 1 ? `${count(texts.length)} texts of it ask for it, the first with` : 'its text has'
  const apart = first.apart >= 3 * PLACE ? `, which part by ${decimal(first.apart / PLACE)}` : ''
  return `${which} a mean of ${decimal(1 + first.mean / PLACE)} on the scale of 1 to 5 from ${plural(first.reviews, 'review')}${apart}`
}
const because = (reasons: unknown): string =>
  (Array.isArray(reasons) ? reasons : []).map((one: string) => REASONS[one] ?? one).join('; ')

/** What was decided and why. */
export function say(row: DecisionRow): string {
  const who = row.about === 'item' ? `Item ${row.called}` : nameOf(row)
  const { answers, confidence, why, item, done, right } = of(row)
  const sure = typeof confidence === 'number' ? `, its answer ${percent(confidence / 1e6)} sure` : ''
  const score = () => `${percent(num(done) ? num(right) / 1000 / num(done) : 0)} right on ${plural(num(done), 'training item')}`
  switch (row.kind) {
    case 'warn':
      return `${who} was warned: ${measured(row)}.`
    case 'quarantine':
      return `What ${who} has judged since it went wrong is set aside, until they have been taught: ${measured(row)}.`
    case 'propose':
      return `A person has to decide about ${who}: ${measured(row)}. Nothing happens by itself.`
    case 'restored':
      return item === undefined ? `The work of ${who} counts again: a decision was overruled.` : `The work of ${who} counts again: a gold answer was corrected.`
    case 'watch':
      return `${who} gets more gold: ${because(of(row).reasons)}. This accuses nobody.`
    case 'qualified':
      return `${who} passed ${TRAINING[String(why)] ?? 'the training'}: ${score()}.`
    case 'unqualified':
      return `${who} failed ${TRAINING[String(why)] ?? 'the training'} for good: ${score()}.`
    case 'reopened':
      return `${who} wants more judgements again: ${plural(num(answers), 'answer counts', 'answers count')}${sure}.`
    case 'settled':
      return `${who} was settled by an expert.`
    case 'adjudicate':
      if (why === 'reviews') return `${who} waits for an expert: ${reviewed((of(row).reviews ?? []) as PoorText[])}.`
      return `${who} waits for an expert: ${plural(num(answers), 'answer')}${sure}, and no more may be asked for.`
    case 'complete':
      return `${who} has enough with ${plural(num(answers), 'answer')}${sure}: ${WHY[String(why)] ?? 'it is closed'}.`
  }
}

const OWN: Record<DecisionKind, (one: MyDecision) => string> = {
  warn: () => 'Some of your answers did not match what experts hold to be right. Read the guideline once more.',
  quarantine: () => 'What you judged lately is set aside until you have gone through a short lesson. It stays paid.',
  propose: () => 'A person was asked to look at your work and to talk with you. Nothing happens before they have decided.',
  restored: () => 'All that you judged counts again.',
  watch: (one) => `You get a few more items whose answer is known${one.reasons.length ? `: ${because(one.reasons).replaceAll('their', 'your')}` : ''}. This accuses you of nothing.`,
  qualified: () => 'You passed the training.',
  unqualified: () => 'You did not pass the training as often as you may try it. A person decides what next.',
  complete: () => '',
  reopened: () => '',
  adjudicate: () => '',
  settled: () => '',
}
/** The same, said to whom it is about. */
export const sayOwn = (one: MyDecision): string => OWN[one.kind](one)

/** What was measured, as far as it may be said without telling which items are gold. */
export function measuredOwn(one: MyDecision): string {
  if (one.gold === null || one.floor === null || one.e === null) return ''
  const lots = one.right === null ? 'too few yet to say how many were right' : `of the first ${one.lots}, ${percent(one.right)} were right`
  return `Measured on ${plural(one.gold, 'item')} whose answer is known: ${lots}; ${percent(one.floor)} is asked for. The evidence E is ${strength(one.e)}: somebody who works as asked for sees such a number once in ${strength(one.e)} times at most.`
}

const VERDICTS: Record<Statement['kind'], string> = {
  appeal: 'disagreed',
  upheld: 'decided that it stands',
  overruled: 'overruled it',
  noted: 'noted',
}
const ACTIONS: Record<string, string> = {
  pause: ', and paused the work',
  resume: ', and let the work go on',
  retake: ', and gave another try at the training',
}
export const verdict = (one: Statement): string => VERDICTS[one.kind] + (ACTIONS[one.action] ?? '')
