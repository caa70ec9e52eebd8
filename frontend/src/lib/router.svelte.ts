/** History routing: one reactive location, and links that stay in the page. */

/** `/p/1/` is `/p/1`. */
const pathOf = (path: string): string => path.replace(/(?<=.)\/+$/, '')

export const location_ = $state({ path: pathOf(location.pathname), search: location.search, hash: location.hash })

/** How often the address has changed since the page was loaded. */
export const moves = { count: 0 }

function read(): void {
  moves.count += 1
  location_.path = pathOf(location.pathname)
  location_.search = location.search
  location_.hash = location.hash
}

export function go(to: string, options: { replace?: boolean } = {}): void {
  history[options.replace ? 'replaceState' : 'pushState'](null, '', to)
  read()
}

/** Only a path of this site: what comes in from `?to=` is not to be trusted. */
export function inside(to: string | null): string {
  return to && /^\/(?![/\\])/.test(to) ? to : '/'
}

/** After a move the focus is at the new page's heading, so that it is heard and Tab goes on from there. */
export function arrive(): void {
  if (!moves.count) return
  scrollTo(0, 0)
  const heading = document.querySelector<HTMLElement>('main h1[tabindex]') ?? document.querySelector<HTMLElement>('main[tabindex]')
  heading?.focus({ preventScroll: true })
}

addEventListener('popstate', read)
addEventListener('click', (event) => {
  if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return
  const a = (event.target as Element | null)?.closest?.('a[href]') as HTMLAnchorElement | null
  if (!a || a.target || a.hasAttribute('download') || a.origin !== location.origin) return
  if (a.pathname.startsWith('/api/') || (a.hash && a.pathname === location.pathname)) return
  event.preventDefault()
  go(a.pathname + a.search + a.hash)
})
