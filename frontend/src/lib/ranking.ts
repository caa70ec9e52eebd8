/** An order being made: groups of names, best first, and how many names of it stand where they are on purpose. */

export type Groups = readonly (readonly string[])[]

export interface Standing {
  groups: Groups
  /** The first so many names are ranked; the others stand as they were drawn. */
  ranked: number
}

/** Where something is dropped: between groups, or into one. */
export type Target = { before: number } | { into: number }

export const flat = (groups: Groups): string[] => groups.flatMap((group) => [...group])
export const begin = (names: readonly string[]): Standing => ({ groups: names.map((name) => [name]), ranked: 0 })
export const isWhole = ({ groups, ranked }: Standing): boolean => ranked > 0 && ranked === flat(groups).length
export const confirmed = ({ groups }: Standing): Standing => ({ groups, ranked: flat(groups).length })
export const groupOf = (groups: Groups, name: string): number => groups.findIndex((group) => group.includes(name))

/** A value as groups of names; undefined where it is something else. An order that was merged names those alone barely. */
export function groupsOf(value: unknown): string[][] | undefined {
  if (!Array.isArray(value)) return undefined
  const groups = value.map((group): unknown[] => (Array.isArray(group) ? group : [group]))
  return groups.every((group) => group.every((name) => typeof name === 'string')) ? (groups as string[][]) : undefined
}

/** A stored order of exactly these names. */
export function standingOf(value: unknown, names: readonly string[]): Standing | undefined {
  const groups = groupsOf(value)?.filter((group) => group.length)
  if (!groups) return undefined
  const all = flat(groups)
  const fits = all.length === names.length && new Set(all).size === all.length && all.every((name) => names.includes(name))
  return fits ? confirmed({ groups, ranked: 0 }) : undefined
}

/** The next place for a name: pressed one after another, names are ranked. What was whole begins anew. */
export function appended(standing: Standing, name: string): Standing {
  const ranked = isWhole(standing) ? 0 : standing.ranked
  if (flat(standing.groups).indexOf(name) < ranked) return standing
  const rest = standing.groups.map((group) => group.filter((other) => other !== name)).filter((group) => group.length)
  let at = 0
  for (let seen = 0; seen < ranked; at += 1) seen += rest[at]!.length
  return { groups: rest.toSpliced(at, 0, [name]), ranked: ranked + 1 }
}

/** What was moved by hand stands as a whole; but names that are being ranked one by one may trade places. */
function touched(before: Standing, groups: Groups): Standing {
  const { ranked } = before
  const first = new Set(flat(before.groups).slice(0, ranked))
  let seen = 0
  const edges = groups.map((group) => (seen += group.length))
  const within = ranked > 0 && edges.includes(ranked) && flat(groups).slice(0, ranked).every((name) => first.has(name))
  const rest = (all: Groups): string => JSON.stringify(all.map((group) => group.filter((name) => !first.has(name))).filter((group) => group.length))
  return { groups, ranked: within && rest(groups) === rest(before.groups) ? ranked : seen }
}

/** One place up or down: out of its group first, then over the next one. */
export function moved(standing: Standing, name: string, by: -1 | 1): Standing {
  const at = groupOf(standing.groups, name)
  const group = standing.groups[at]
  if (!group) return standing
  if (group.length > 1) return dropped(standing, name, { before: by < 0 ? at : at + 1 })
  const to = at + by
  return to < 0 || to >= standing.groups.length ? standing : dropped(standing, name, { before: by < 0 ? to : to + 1 })
}

export function dropped(standing: Standing, name: string, target: Target): Standing {
  const { groups } = standing
  const at = groupOf(groups, name)
  if (at < 0) return standing
  const left = groups.map((group) => group.filter((other) => other !== name))
  const stays = 'into' in target ? target.into === at : groups[at]!.length === 1 && [at, at + 1].includes(target.before)
  if (stays) return standing
  const put = 'into' in target ? left.with(target.into, [...left[target.into]!, name]) : left.toSpliced(target.before, 0, [name])
  return touched(standing, put.filter((group) => group.length))
}

/** In one group with what stands above it. */
export function tied(standing: Standing, name: string): Standing {
  const { groups } = standing
  const at = groupOf(groups, name)
  if (at < 1 || groups[at]![0] !== name) return standing
  return touched(standing, groups.toSpliced(at - 1, 2, [...groups[at - 1]!, ...groups[at]!]))
}

/** No more in one group with what stands above it; the first of a group, with what stands below. */
export function split(standing: Standing, name: string): Standing {
  const { groups } = standing
  const at = groupOf(groups, name)
  const group = groups[at]
  if (!group || group.length < 2) return standing
  const cut = group.indexOf(name) || 1
  return touched(standing, groups.toSpliced(at, 1, group.slice(0, cut), group.slice(cut)))
}

/** The places of an order; those who tie share the mean of theirs. */
export function ranksOf(groups: Groups): Map<string, number> {
  const ranks = new Map<string, number>()
  let before = 0
  for (const group of groups) {
    for (const name of group) ranks.set(name, before + (group.length + 1) / 2)
    before += group.length
  }
  return ranks
}

/** The mean place of each name, over the orders that have it. */
export function meanRanks(orders: readonly Groups[], names: readonly string[]): Map<string, number> {
  const all = orders.map(ranksOf)
  return new Map(
    names.flatMap((name) => {
      const places = all.flatMap((ranks) => ranks.get(name) ?? [])
      return places.length ? [[name, places.reduce((sum, place) => sum + place, 0) / places.length] as const] : []
    }),
  )
}

/** The best, and the worst where it is asked for, set apart from the others. */
export function picked(names: readonly string[], best: string, worst?: string): string[][] {
  const rest = names.filter((name) => name !== best && name !== worst)
  return [[best], rest, worst === undefined ? [] : [worst]].filter((group) => group.length)
}

/** "B > A = C". */
export const saidOrder = (groups: Groups, nameOf: (name: string) => string): string => groups.map((group) => group.map(nameOf).join(' = ')).join(' > ')
