/** How a field of an item is shown, in the words of the screens. */
import type { Show } from '../api'

export const SHOWS: { value: Show; label: string; as: string }[] = [
  { value: 'text', label: 'text', as: 'as text' },
  { value: 'markdown', label: 'Markdown', as: 'as Markdown' },
  { value: 'code', label: 'code', as: 'as code' },
  { value: 'image', label: 'picture', as: 'as a picture' },
  { value: 'audio', label: 'sound', as: 'as sound' },
  { value: 'chat', label: 'conversation', as: 'as a conversation' },
  { value: 'link', label: 'link', as: 'as a link' },
]
