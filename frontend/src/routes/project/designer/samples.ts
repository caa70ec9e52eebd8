/** Items to try a form on: a template's, the project's own, or something that stands for them. */
import type { Field, Show } from '../../../api'

export type Sample = Record<string, string>

const WORDS: Record<Exclude<Show, 'image' | 'audio'>, string> = {
  text: 'An item stands here: a message, a headline, a page. Yours come with the import.',
  markdown: 'An item stands here, in **Markdown**:\n\n- a prompt\n- or an answer to it',
  code: 'def answer(item):\n    return judge(item)',
  chat: JSON.stringify([
    { role: 'user', content: 'A conversation stands here.' },
    { role: 'assistant', content: 'Yours comes with the import.' },
  ]),
  link: 'https://example.org/an-item',
}

const addresses = new Map<string, string>()

/** What a browser may show of it: the page takes no `data:` addresses, only what it made itself. */
export function shownAs(value: string): string {
  const found = /^data:((?:image|audio)\/[\w.+-]+);base64,([A-Za-z0-9+/=]+)$/.exec(value)
  if (!found) return value
  let address = addresses.get(value)
  if (!address) {
    const bytes = Uint8Array.from(atob(found[2]!), (letter) => letter.charCodeAt(0))
    address = URL.createObjectURL(new Blob([bytes], { type: found[1]! }))
    addresses.set(value, address)
  }
  return address
}

/** A picture where there is none yet: sky, hill and sun. */
function picture(): string {
  const known = addresses.get('')
  if (known) return known
  const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 200 })
  const brush = canvas.getContext('2d')
  if (!brush) return ''
  const paint = (color: string, draw: () => void): void => {
    brush.fillStyle = color
    brush.beginPath()
    draw()
    brush.fill()
  }
  paint('#c9dcea', () => brush.rect(0, 0, 320, 200))
  paint('#e9c46a', () => brush.arc(244, 56, 26, 0, 7))
  paint('#7f9c7a', () => brush.ellipse(110, 210, 190, 96, 0, 0, 7))
  paint('#5f7f63', () => brush.ellipse(270, 220, 150, 80, 0, 0, 7))
  const [, base64 = ''] = canvas.toDataURL('image/png').split(',')
  const made = shownAs(`data:image/png;base64,${base64}`)
  addresses.set('', made)
  return made
}

/** The item's fields as the form calls them, filled in where the sample has none. `was`: what fields were called at first. */
export function fill(fields: readonly (Field & { was?: string })[], sample: Sample | undefined): Sample {
  const listed = fields.length ? fields : Object.keys(sample ?? { text: '' }).map((name): Field & { was?: string } => ({ name }))
  return Object.fromEntries(
    listed.map((field) => {
      const given = sample?.[field.was || field.name] ?? sample?.[field.name]
      return [field.name, given === undefined ? standIn(field.show ?? 'text') : shownAs(given)]
    }),
  )
}

function standIn(show: Show): string {
  if (show === 'image') return picture()
  return show === 'audio' ? '' : WORDS[show]
}
