/** What the server's reader says of a setting, with the setting as it is called here. */
import { readable, wordsFor } from './words'

const AT = / - at `\$\.?([^`]*)`$/

/** "Object missing required field `value` - at `$.anchors[0]`" is about a line of a list, and says so. */
export function readFault(message: string, type: string): string {
  const path = AT.exec(message)?.[1] ?? ''
  const said = message.replace(AT, '').replace(/^Object missing required field `(\w+)`$/, (_, name: string) => `${readable(name)} is missing.`)
  if (!path) return said
  const [setting = '', ...inner] = path.split(/[.[\]]+/).filter(Boolean)
  const place = inner.map((part) => (/^\d+$/.test(part) ? `line ${Number(part) + 1}` : readable(part)))
  return `${[wordsFor(type, setting), ...place].join(', ')}: ${said}`
}
