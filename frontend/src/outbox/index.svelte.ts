/** The page's one outbox, as the components see it. */
import { work } from '../api'
import { load, signOut } from '../lib/session.svelte'
import type { Entry } from './entry'
import { Outbox, type Channel, type State } from './outbox'
import { openStore } from './store'

export type { Entry } from './entry'
export { standing, unseen } from './entry'

/** Grows whenever entries or state change. */
const seen = $state({ version: 0 })
let outbox: Outbox | null = null
let starting: Promise<Outbox> | null = null

/** Web Locks exist on secure origins only; where they are missing every tab sends, which the ids make harmless. */
function lock(holding: () => Promise<void>): void {
  if (navigator.locks) void navigator.locks.request('goldwork-outbox', holding)
  else void holding()
}

export function openOutbox(account: number | null): Promise<Outbox> {
  starting ??= (async () => {
    const channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel('goldwork-outbox') : null
    const made = new Outbox({
      store: await openStore(),
      send: (project, submit) => work.submit(project, submit),
      channel: channel as Channel | null,
      lock,
      onchange: () => (seen.version += 1),
      onfail: (error) => console.error(error),
      onaccount: () => void load(),
    })
    outbox = made
    addEventListener('online', () => made.wake())
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible' && made.unsent().length) made.wake()
    })
    addEventListener('beforeunload', (event) => {
      if (made.unsent().length) event.preventDefault()
    })
    await made.start(account)
    return made
  })()
  return starting
}

/** Reactive: what waits, what was refused, and how the line is. */
export const sync = {
  get state(): State {
    void seen.version
    return outbox?.state ?? { line: 'idle', holds: {} }
  },
  unsent(project?: number): Entry[] {
    void seen.version
    return outbox?.unsent(project) ?? []
  },
  of(project: number): Entry[] {
    void seen.version
    return outbox?.of(project) ?? []
  },
  get durable(): boolean {
    void seen.version
    return outbox?.durable ?? true
  },
  get others(): number {
    void seen.version
    return outbox?.others() ?? 0
  },
}

/** The account changed: told by the app's frame. Opens nothing for people who never judge here. */
export function outboxAs(account: number | null): void {
  if (outbox) outbox.as(account)
  else if (account !== null) void openOutbox(account)
}

/** Signs out, and leaves on this device only what has not reached the server. */
export async function leave(): Promise<void> {
  await outbox?.clearSent()
  await signOut()
}
