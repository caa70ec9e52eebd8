/** Links that people may open, and the page never does. */
const SCHEMES = ['http:', 'https:']
/** The address of a page with the host it leads to, as the browser reads it; null for what is none. */
export function readLink(text: string): { href: string; host: string } | null {
  try {
    const { protocol, host, href } = new URL(text)
    return SCHEMES.includes(protocol) && host ? { href, host } : null
  } catch {
    return null
  }
}
