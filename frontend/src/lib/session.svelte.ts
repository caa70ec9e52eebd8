/** Who is signed in. */
import { onUnauthenticated, session as api, type Session } from '../api'

export const me = $state<{ session: Session | null; lost: boolean }>({ session: null, lost: false })

export function take(session: Session): void {
  me.session = session
  me.lost = false
}

export async function load(): Promise<void> {
  take(await api.get())
}

/** The server no longer knows this browser: pages go to the sign-in, the workbench stays and says so. */
onUnauthenticated(() => {
  if (me.session?.account) me.lost = true
})

export async function signOut(): Promise<void> {
  await api.signOut()
  await load()
}
