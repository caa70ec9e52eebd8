/**
 * Stands in for the package `entities`, whose tables of names weigh more than the whole shell: the browser has them.
 * markdown-it asks for one entity at a time, with its semicolon.
 */
const field = document.createElement('textarea')

export function decodeHTMLStrict(text: string): string {
  return text.replace(/&[^;&<\s]+;/g, (entity) => {
    field.innerHTML = entity
    return field.value
  })
}
