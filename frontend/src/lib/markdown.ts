/** Markdown to safe HTML. Loaded only where Markdown is shown. */
import DOMPurify from 'dompurify'
import MarkdownIt from 'markdown-it'

const md = new MarkdownIt({ html: true, linkify: true, breaks: false })
const purify = DOMPurify(window)

purify.addHook('uponSanitizeElement', (node, data) => {
  // Pictures from elsewhere would tell their server who reads this, and the page's policy forbids them anyway.
  if (data.tagName === 'img' && node instanceof HTMLImageElement) {
    const note = document.createElement('em')
    note.textContent = `[picture${node.alt ? `: ${node.alt}` : ''}]`
    node.replaceWith(note)
  }
})
purify.addHook('afterSanitizeAttributes', (node) => {
  if (node.tagName !== 'A') return
  node.setAttribute('target', '_blank')
  node.setAttribute('rel', 'noopener noreferrer nofollow')
})

const cache = new Map<string, string>()

export function render(source: string): string {
  let html = cache.get(source)
  if (html === undefined) {
    html = purify.sanitize(md.render(source), {
      USE_PROFILES: { html: true },
      FORBID_TAGS: ['style', 'form', 'input', 'button', 'textarea', 'select', 'video', 'audio', 'source', 'picture', 'map'],
      FORBID_ATTR: ['style', 'class', 'id', 'name', 'srcset', 'background', 'tabindex', 'accesskey', 'autofocus'],
      ALLOW_DATA_ATTR: false,
      ALLOWED_URI_REGEXP: /^(?:https?:|mailto:)/i,
    })
    if (cache.size > 400) cache.clear()
    cache.set(source, html)
  }
  return html
}
