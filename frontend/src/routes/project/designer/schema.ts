/** What a setting is edited with, told from the JSON schema that its task type gives of itself. */
export interface Schema {
  type?: string
  title?: string
  description?: string
  default?: unknown
  const?: unknown
  enum?: (string | number)[]
  anyOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema | false
  prefixItems?: Schema[]
  minItems?: number
  maxItems?: number
  minimum?: number
  maximum?: number
  $ref?: string
  $defs?: Record<string, Schema>
}

export type Editor =
  | 'boolean'
  | 'number'
  | 'integer'
  | 'enum'
  | 'text'
  | 'field'
  | 'fields'
  | 'strings'
  | 'classes'
  | 'rows'
  | 'object'
  | 'json'

export type Defs = Record<string, Schema>

/** The schema behind references; of "this or nothing", this. */
export function resolve(schema: Schema, defs: Defs): Schema {
  let one = schema
  for (let hops = 0; one.$ref && hops < 20; hops += 1) one = { ...(defs[one.$ref.split('/').at(-1)!] ?? {}), ...without(one, '$ref') }
  const some = one.anyOf?.filter((each) => each.type !== 'null')
  return some?.length === 1 ? resolve({ ...without(one, 'anyOf'), ...some[0]! }, defs) : one
}

function without(schema: Schema, key: keyof Schema): Schema {
  const { [key]: _, ...rest } = schema
  return rest
}

const CLASS = ['value', 'label', 'key', 'color']
const simple = (editor: Editor): boolean => !['rows', 'object', 'json', 'classes', 'fields'].includes(editor)

/** By convention a setting called `field` or `fields` names fields of the item. */
export function editorOf(name: string, given: Schema, defs: Defs): Editor {
  const schema = resolve(given, defs)
  if (schema.enum) return 'enum'
  if (schema.type === 'boolean' || schema.type === 'number' || schema.type === 'integer') return schema.type
  if (schema.type === 'string') return name === 'field' ? 'field' : 'text'
  if (schema.type === 'array') return listEditor(name, schema, defs)
  if (schema.type === 'object' && schema.properties) return 'object'
  return 'json'
}

function listEditor(name: string, schema: Schema, defs: Defs): Editor {
  const entries = schema.prefixItems?.length ? schema.prefixItems : schema.items ? [schema.items] : []
  const inside = entries.map((each) => resolve(each, defs))
  if (!inside.length) return 'json'
  if (inside.every((each) => each.type === 'string' && !each.enum)) return name === 'fields' ? 'fields' : schema.prefixItems?.length ? 'json' : 'strings'
  const only = inside[0]!
  if (schema.prefixItems?.length || only.type !== 'object' || !only.properties) return 'json'
  const names = Object.keys(only.properties)
  if (CLASS.every((each) => names.includes(each))) return 'classes'
  return names.every((each) => simple(editorOf(each, only.properties![each]!, defs))) ? 'rows' : 'json'
}

/** How many entries a list has where their number is fixed; else 0. */
export const fixedLength = (schema: Schema): number => (schema.prefixItems?.length && !schema.items ? schema.prefixItems.length : 0)

/** A new entry of a list of objects. */
export function blank(given: Schema, defs: Defs): unknown {
  const schema = resolve(given, defs)
  if (schema.default !== undefined) return structuredClone(schema.default)
  if (schema.enum) return schema.enum[0]
  if (schema.type === 'boolean') return false
  if (schema.type === 'array') return []
  if (schema.type === 'object')
    return Object.fromEntries((schema.required ?? []).map((name) => [name, blank(schema.properties?.[name] ?? {}, defs)]))
  return schema.type === 'string' ? '' : undefined
}
