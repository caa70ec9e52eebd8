/** What a refusal means for the person whose answer it was, and the ways on. */
import type { Refusal } from '../../outbox/entry'

export type WayOn = 'again' | 'judge' | 'discard'
export interface Explained {
  text: string
  ways: WayOn[]
}

const REASONS: Record<string, Explained> = {
  form_changed: {
    text: 'The questions were changed after this item was shown to you, so the answer no longer fits. Judge it again with the new questions.',
    ways: ['judge', 'discard'],
  },
  lease_lost: {
    text: 'This item was kept for you for a while; the time ran out and it went to somebody else.',
    ways: ['discard', 'again'],
  },
  already_answered: {
    text: 'You have already answered this item, perhaps in another window. That answer stands.',
    ways: ['discard'],
  },
  id_reused: {
    text: 'The server has another answer under the number of this one.',
    ways: ['judge', 'discard'],
  },
  seen_others: {
    text: 'You have been shown somebody else’s answer to this item since, so yours stands as it is.',
    ways: ['discard'],
  },
  bad_answer: { text: 'The server does not accept this answer for this question.', ways: ['judge', 'discard'] },
}

export function explain(refusal: Refusal): Explained {
  const known = refusal.reason ? REASONS[refusal.reason] : undefined
  return known ?? { text: refusal.message, ways: ['again', 'discard'] }
}
