/** Markdown to safe HTML. Loaded only where Markdown is shown. */
import DOMPurify from 'dompurify'
import MarkdownIt from 'markdown-it'
import { mathsAt, typeset } from './maths'

const md = new MarkdownIt({ html: true, linkify: true, breaks: false })
const purify = DOMPurify(window)

// Before "escape", to which \( is a bracket.
md.inline.ruler.before('escape', 'maths', (state, silent) => {
  const found = mathsAt(state.src, state.pos)
  if (!found || found.end > state.posMax) return false
  if (!silent) {
    const token = state.push('maths', 'math', 0)
    token.content = found.tex
    token.markup = state.src.slice(state.pos, found.end)
    token.info = found.display ? 'display' : ''
  }
  state.pos = found.end
  return true
})
md.renderer.rules.maths = (tokens, at) => {
  const { content, info, markup } = tokens[at]!
  return typeset(content, info === 'display') ?? md.utils.escapeHtml(markup)
}

purify.addHook('uponSanitizeElement', (node, data) => {
  // Pictures from elsewhere would tell their server who reads this, and the page's policy forbids them anyway.
  if (data.tagName === 'img' && node instanceof HTMLImageElement) {
    const note = document.createElement('em')
    note.textContent = `[picture${node.alt ? `: ${node.alt}` : ''}]`
    node.replaceWith(note)
  }
})
purify.addHook('afterSanitizeAttributes', (node) => {
  // What scrolls has to be reached by the keyboard.
  if (node.tagName === 'PRE' || (node.tagName === 'math' && node.getAttribute('display') === 'block')) node.setAttribute('tabindex', '0')
  if (node.tagName !== 'A') return
  node.setAttribute('target', '_blank')
  node.setAttribute('rel', 'noopener noreferrer nofollow')
})

/** Attributes of MathML, none of which is an address: the rule for addresses is not theirs. */
const OF_MATHS = (
  'display displaystyle scriptlevel mathvariant mathcolor mathbackground mathsize fence separator stretchy symmetric ' +
  'largeop movablelimits lspace rspace minsize maxsize accent accentunder linethickness width height depth voffset ' +
  'notation columnalign columnlines columnspacing rowalign rowlines rowspacing frame'
).split(' ')
const cache = new Map<string, string>()

/** `maths`: the typesetter is there. */
export function render(source: string, maths = false): string {
  const key = `${maths ? 1 : 0}${source}`
  let html = cache.get(key)
  if (html === undefined) {
    html = purify.sanitize(md.render(source), {
      USE_PROFILES: { html: true, mathMl: maths },
      FORBID_TAGS: ['style', 'form', 'input', 'button', 'textarea', 'select', 'video', 'audio', 'source', 'picture', 'map'],
      FORBID_ATTR: ['style', 'class', 'id', 'name', 'srcset', 'background', 'tabindex', 'accesskey', 'autofocus'],
      ALLOW_DATA_ATTR: false,
      ADD_URI_SAFE_ATTR: maths ? OF_MATHS : [],
      ALLOWED_URI_REGEXP: /^(?:https?:|mailto:)/i,
    })
    if (cache.size > 400) cache.clear()
    cache.set(key, html)
  }
  return html
}
