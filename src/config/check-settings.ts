/** Checks a tree of values against schema.ts, fills in defaults, and says in words what is wrong. */
import type { ErrorObject } from 'ajv'
import type { Settings } from './config.ts'
import { listenProblem } from './listen-address.ts'
import { nearest } from './nearest.ts'
import type { SchemaNode } from './options.ts'
import { triggerKinds } from './rule-schema.ts'
import { expressionProblem } from './settings-formats.ts'
import { validateSettings } from './settings-validator.ts'

/** What is wrong, and where. */
export interface Problem {
  /** Way to the value or unknown key, such as `['targets', '0', 'pid']`. */
  readonly path: readonly string[]
  /** The rest of a sentence that begins with the option's name. */
  readonly words: string
}

/** The ways to say which process a target is. */
const selectors = ['pid', 'pidFile', 'port', 'unit', 'match']

/** Fills defaults into `values`, which are then the settings returned, unless there is a problem. */
export function checkSettings(values: unknown): Settings | Problem {
  if (validateSettings(values)) return values
  const errors = (validateSettings.errors ?? []).filter(
    ({ schemaPath }) => !/\/oneOf\/\d/.test(schemaPath),
  )
  // A misspelt key also makes a required one missing, and what is no mapping lacks everything.
  const telling = ['additionalProperties', 'type']
  const error = errors.find(({ keyword }) => telling.includes(keyword)) ?? errors[0]
  return error === undefined ? { path: [], words: 'is not allowed' } : describe(error)
}

/** `targets[0].pid` for `['targets', '0', 'pid']`; keys that could disturb a terminal are quoted. */
export function keyOf(path: readonly string[]): string {
  return path.reduce((parent, key) => {
    if (/^(targets|rules)$/.test(parent) && /^\d+$/.test(key)) return `${parent}[${key}]`
    const name = /^[\w-]{1,60}$/.test(key) ? key : JSON.stringify(key.slice(0, 60))
    return parent === '' ? name : `${parent}.${name}`
  }, '')
}

function describe(error: ErrorObject): Problem {
  const path = error.instancePath.split('/').slice(1).map(unescapePointer)
  const schema: SchemaNode = { ...error.parentSchema }
  const data: unknown = error.data
  if (error.keyword === 'additionalProperties') {
    const key = String(error.params.additionalProperty)
    return { path: [...path, key], words: unknownKey(key, Object.keys(schema.properties ?? {})) }
  }
  if (error.keyword === 'required') {
    return { path, words: `has no ${error.params.missingProperty}` }
  }
  if (/^(min|max)Properties$/.test(error.keyword)) return { path, words: whenProblem(data) }
  if (error.keyword === 'oneOf') return { path, words: selectorProblem(data) }
  if (typeof data === 'string' && error.keyword === 'format') {
    return { path, words: listenOrExpressionProblem(data, error.schema) }
  }
  return { path, words: `is ${shown(data)}, but must be ${expected(schema)}` }
}

function unknownKey(key: string, known: readonly string[]): string {
  const guess = nearest(key, known)
  const hint = guess === undefined ? '' : ` (did you mean ${guess}?)`
  return `is not an option${hint}; allowed here: ${known.join(', ')}`
}

function selectorProblem(data: unknown): string {
  const given = selectors.filter((key) => Object.hasOwn(Object(data), key))
  const list = `${selectors.slice(0, -1).join(', ')} and ${selectors.at(-1)}`
  return `has ${given.join(' and ') || 'none'}, but needs exactly one of ${list}`
}

/** Of `when`, which is what has a number of keys. */
function whenProblem(data: unknown): string {
  const given = Object.keys(Object(data)).join(' and ')
  return `has ${given || 'none'}, but needs exactly one of ${triggerKinds.join(', ')}`
}

function listenOrExpressionProblem(text: string, format: unknown): string {
  if (format === 'listen-address') return listenProblem(text) ?? ''
  return `is not a regular expression: ${expressionProblem(text)}`
}

function expected({ type, enum: choices, minimum, maximum, allowed }: SchemaNode): string {
  if (allowed !== undefined) return allowed
  if (choices !== undefined) return `one of ${choices.join(', ')}`
  if (type === 'integer') return `a whole number from ${minimum} to ${maximum}`
  if (type === 'number') return `a number from ${minimum} to ${maximum}`
  if (type === 'boolean') return 'true or false'
  return type === 'array' ? 'a list' : 'a mapping'
}

function shown(value: unknown): string {
  if (value === null) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a mapping'
  if (typeof value !== 'string') return String(value)
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value)
}

/** https://www.rfc-editor.org/rfc/rfc6901#section-4 */
function unescapePointer(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~')
}
