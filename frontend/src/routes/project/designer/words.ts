/** What settings are called. Those of goldwork's own task types have words of their own; others are read as they are written. */
const WORDS: Record<string, string> = {
  classes: 'Classes',
  unsure: 'One may answer that one cannot tell',
  inner: 'Classes that hold others may be chosen too',
  alone: 'Classes that stand alone, one per line',
  slider: 'Drawn as a slider',
  anchors: 'What places on the scale mean',
  step: 'Steps of',
  fields: 'Fields',
  field: 'Field',
  tie: 'They may be equal',
  ties: 'Several may share a place',
  both_bad: 'Both may be bad',
  strength: 'How strong a preference may be (0: only which)',
  attributes: 'What else is said of each',
  overlap: 'They may overlap',
  scripts: 'Writing systems, one per line (none: any)',
  parts: 'Parts (none: one piece)',
  placeholder: 'Stands in the empty field',
  roles: 'Whose turns, one per line',
  mode: 'What is done',
  pick: 'What is ordered',
  level: 'What steps are worth',
  measure: 'How far answers are apart',
  merge: 'How answers become one',
}
const OF_TYPE: Record<string, string> = {
  'choices.low': 'Chosen at least',
  'choices.high': 'Chosen at most (0: all)',
  'rating.low': 'From',
  'rating.high': 'To',
  'text.low': 'Characters at least (0: may be empty)',
  'text.high': 'Characters at most',
  'spans.low': 'Marked at least',
  'boxes.low': 'Drawn at least',
  'chat.low': 'Turns at least, or the scale from',
  'chat.high': 'Turns at most, or the scale to',
  'compare.attributes': 'Compared in these ways too',
}
const CHOICES: Record<string, string> = {
  'pick.all': 'all of them',
  'pick.best': 'the best one',
  'pick.ends': 'the best and the worst',
  'mode.write': 'the next turns are written',
  'mode.edit': 'turns are rewritten',
  'mode.rate': 'every turn is rated',
  'level.interval': 'the same everywhere',
  'level.ordinal': 'only the order counts',
}

export const wordsFor = (type: string, name: string, title?: string): string =>
  OF_TYPE[`${type}.${name}`] ?? WORDS[name] ?? title ?? readable(name)
/** Whether all settings have words of their own; else what the type says of itself is shown. */
export const isKnown = (type: string, names: readonly string[]): boolean => names.every((name) => name in WORDS || `${type}.${name}` in OF_TYPE)
export const choiceFor = (name: string, value: string | number): string => CHOICES[`${name}.${value}`] ?? String(value)

export function readable(name: string): string {
  const words = name.replace(/[_-]+/g, ' ').trim()
  return words.charAt(0).toUpperCase() + words.slice(1)
}
