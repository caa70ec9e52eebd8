/** History routing: one reactive location, and links that stay in the page. */

export const location_ = $state({ path: location.pathname, search: location.search, hash: location.hash })

function read(): void {
  location_.path = location.pathname
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

addEventListener('popstate', read)
addEventListener('click', (event) => {
  if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return
  const a = (event.target as Element | null)?.closest?.('a[href]') as HTMLAnchorElement | null
  if (!a || a.target || a.hasAttribute('download') || a.origin !== location.origin) return
  if (a.pathname.startsWith('/api/') || (a.hash && a.pathname === location.pathname)) return
  event.preventDefault()
  go(a.pathname + a.search + a.hash)
})
