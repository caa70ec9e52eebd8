/** One polite live region for the whole page. */
export const spoken = $state({ text: '' })

export function announce(text: string): void {
  // The same words twice in a row are said twice: a no-break space makes them differ.
  spoken.text = spoken.text === text ? `${text}\u00a0` : text
}
