/** Images of the next items, fetched and decoded before they are shown. */
const held = new Map<string, HTMLImageElement>()

export function loadAhead(urls: readonly string[], decode = 12): void {
  for (const url of held.keys()) if (!urls.includes(url)) held.delete(url)
  urls.forEach((url, at) => {
    if (held.has(url)) return
    const image = new Image()
    image.decoding = 'async'
    image.src = url
    held.set(url, image)
    // A picture that fails here fails again where it is drawn, and is told there.
    if (at < decode) image.decode().catch(() => held.delete(url))
  })
}
