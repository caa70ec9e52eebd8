/** What a data lead would do next, most useful first. Every line says why. */
import type { Overview, Project } from '../../api'
import { count, plural, unit } from '../../lib/format'

export interface Action {
  title: string
  why: string
  verb: string
  /** Without one it opens the export. */
  href?: string
}

export function actions(id: number, project: Project, o: Overview): Action[] {
  const list: Action[] = []
  const active = o.people.filter((p) => p.judged > 0).length
  const left = o.items.total - o.items.done
  if (project.state === 'paused')
    list.push({ title: 'Open the project again', why: 'It is paused, so nobody gets items.', verb: 'Settings', href: `/p/${id}/settings` })
  if (o.items.total > 0 && active < o.overlap && left > 0)
    list.push({
      title: 'Invite people',
      why: `Every item wants ${plural(o.overlap, 'judgement')} by different people; ${active ? `${plural(active, 'person has', 'people have')} judged so far` : 'nobody has judged yet'}.`,
      verb: 'Invite',
      href: `/p/${id}/people`,
    })
  if (!project.guideline.text.trim())
    list.push({ title: 'Write a guideline', why: 'People agree more when the hard cases are settled in writing.', verb: 'Write', href: `/p/${id}/settings` })
  const high = o.agreement?.high
  if (o.agreement && high !== null && high !== undefined && high < 0.667 && o.agreement.items >= 30)
    list.push({
      title: 'Clarify the guideline',
      why: `Agreement is at most ${unit(high)}. Read the least certain items and write down what to do with their like.`,
      verb: 'See the items',
      href: `/p/${id}/items`,
    })
  if (project.state === 'open' && left > 0 && active >= o.overlap)
    list.push({ title: 'Go on', why: `${plural(left, 'item')} left to judge${o.pace.last_hour ? `; ${count(o.pace.last_hour)} judgements came in the last hour` : ''}.`, verb: 'Annotate', href: `/p/${id}/work` })
  if (o.judgements > 0)
    list.push({
      title: left === 0 && o.items.total > 0 ? 'Take the results' : 'Look at what there is',
      why: left === 0 ? 'Every item has the judgements it wants.' : 'The consensus and all judgements so far, with who, when and under which guideline.',
      verb: 'Export',
    })
  list.push({ title: 'Bring more items', why: 'A new batch joins the queue at once; what was judged stays.', verb: 'Import', href: `/p/${id}/import` })
  return left === 0 && o.judgements > 0 ? list.toSorted((a, b) => Number(!!a.href) - Number(!!b.href)) : list
}
