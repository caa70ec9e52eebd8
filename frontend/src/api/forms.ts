/** Forms and their primitives, as the server describes them; what has a default may be absent. */
import type { components } from './schema'

type S = components['schemas']
type Lax<T, K extends keyof T> = Omit<T, K> & Partial<Pick<T, K>>
type Named<T extends { name?: string; title?: string }> = Lax<T, 'name' | 'title'>

export type Field = Lax<S['Field'], 'show' | 'title'>
export type Show = NonNullable<Field['show']>
export type Class = Lax<S['Class'], 'label' | 'key' | 'color' | 'help' | 'parent'>

export type Option = Lax<S['Option'], 'key' | 'color' | 'help' | 'parent' | 'heading'>
export type Anchor = S['Anchor']
type WithOptions<T, K extends string = 'options'> = Omit<T, K> & { [P in K]: Option[] }

export type Keys = WithOptions<Lax<Named<S['Keys']>, 'unsure' | 'mirror'>>
export type Toggles = WithOptions<Lax<Named<S['Toggles']>, 'low' | 'high' | 'alone' | 'unsure'>>
export type Scale = Omit<Lax<Named<S['Scale']>, 'step' | 'anchors' | 'slider' | 'mirror' | 'middle' | 'unsure'>, 'besides'> & {
  besides?: Option[]
}
export type Text = Lax<Named<S['goldwork.tasks.form.Text']>, 'low' | 'high' | 'rows' | 'placeholder' | 'scripts'>
export type Panes = S['Panes']
export type Order = Lax<Named<S['Order']>, 'pick' | 'ties'>
export type Grid = WithOptions<Named<S['Grid']>, 'rows' | 'columns'>
export type Turns = Lax<Named<S['Turns']>, 'roles' | 'low' | 'high' | 'anchors'>
export type Spans = WithOptions<Lax<Named<S['goldwork.tasks.form.Spans']>, 'overlap' | 'low'>>
export type Boxes = WithOptions<Lax<Named<S['goldwork.tasks.form.Boxes']>, 'attributes' | 'low'>>
export type Attribute = Lax<S['Attribute'], 'title'>

export type Primitive = Keys | Toggles | Scale | Text | Panes | Order | Grid | Turns | Spans | Boxes
export type Kind = Primitive['primitive']
/** What is answered. */
export type Asked = Exclude<Primitive, Panes>

export type DrawnQuestion = Lax<Omit<S['DrawnQuestion'], 'form'>, 'help' | 'optional'> & { form: { primitives: Primitive[] } }
export interface Drawn {
  fields: Field[]
  questions: DrawnQuestion[]
}

export interface Turn {
  role: string
  content: string
}
export interface Span {
  start: number
  end: number
  label: string
}
export interface Box {
  x: number
  y: number
  width: number
  height: number
  label: string
  attributes?: Record<string, string>
}
/** The value where one cannot tell. */
export interface Unsure {
  cannot_tell: string
}
export const isUnsure = (value: unknown): value is Unsure => typeof value === 'object' && value !== null && 'cannot_tell' in value
