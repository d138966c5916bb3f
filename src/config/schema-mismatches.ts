/**
 * Checks values against the part of JSON Schema (https://json-schema.org/draft-07) that schema.ts uses, and
 * fills in its defaults. A library compiles a schema into code first: 55 ms of each start, for one check.
 * A test compares it with one. Keywords that are not here are refused, not skipped.
 */
import type { SchemaNode } from './schema-node.ts'

export interface Mismatch {
  /** Way to the value, such as `['targets', '0']`. */
  readonly path: readonly string[]
  readonly keyword: string
  /** What the value should have been. */
  readonly schema: SchemaNode
  readonly data: unknown
  /** The key that is missing, or too many. */
  readonly property?: string
}

/** Whether a text has a format, by the format's name. */
export type Formats = Readonly<Record<string, (text: string) => boolean>>

/** All that is wrong, from the outside in; defaults are put into `data` where it has none. */
export function schemaMismatches(
  schema: SchemaNode,
  data: unknown,
  formats: Formats,
): readonly Mismatch[] {
  return [...mismatches(schema, data, [], formats)]
}

function* mismatches(
  schema: SchemaNode,
  data: unknown,
  path: readonly string[],
  formats: Formats,
): Generator<Mismatch> {
  for (const keyword of Object.keys(schema)) {
    if (!keywords.has(keyword)) throw new Error(`schema.ts uses ${keyword}, which nothing checks`)
  }
  const wrong = (keyword: string) => ({ path, keyword, schema, data })
  if (!hasType(schema, data)) {
    yield wrong('type')
    return
  }
  if (typeof data === 'number' && !isInRange(schema, data)) yield wrong('range')
  if (typeof data === 'string') {
    const keyword = textProblem(schema, data, formats)
    if (keyword !== undefined) yield wrong(keyword)
  }
  if (schema.enum?.every((choice) => choice !== data)) yield wrong('enum')
  const choices = schema.oneOf?.filter((one) => missing(one, data).length === 0)
  if (choices !== undefined && choices.length !== 1) yield wrong('oneOf')
  if (Array.isArray(data)) yield* inList(schema, data, path, formats)
  else if (isMapping(data)) yield* inMapping(schema, data, path, formats)
}

/** The last three are for people, and for flags. */
const keywords: ReadonlySet<string> = new Set([
  'type',
  'enum',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'pattern',
  'format',
  'items',
  'minItems',
  'maxItems',
  'uniqueItems',
  'properties',
  'additionalProperties',
  'required',
  'minProperties',
  'maxProperties',
  'oneOf',
  'default',
  'allowed',
  'description',
])

function* inList(
  schema: SchemaNode,
  data: readonly unknown[],
  path: readonly string[],
  formats: Formats,
): Generator<Mismatch> {
  const { items, minItems = 0, maxItems = Infinity, uniqueItems = false } = schema
  const isWrongLength = data.length < minItems || data.length > maxItems
  if (isWrongLength) yield { path, keyword: 'length', schema, data }
  if (items !== undefined) {
    for (const [index, item] of data.entries()) {
      yield* mismatches(items, item, [...path, String(index)], formats)
    }
  }
  // Lists with it are of texts and numbers.
  if (uniqueItems && new Set(data).size < data.length) {
    yield { path, keyword: 'uniqueItems', schema, data }
  }
}

function* inMapping(
  schema: SchemaNode,
  data: Record<string, unknown>,
  path: readonly string[],
  formats: Formats,
): Generator<Mismatch> {
  const { properties = {}, additionalProperties = true, minProperties = 0 } = schema
  const known = Object.entries(properties)
  for (const [key, { default: byDefault }] of known) {
    if (data[key] === undefined && byDefault !== undefined) data[key] = structuredClone(byDefault)
  }
  const keys = Object.keys(data)
  if (keys.length < minProperties || keys.length > (schema.maxProperties ?? Infinity)) {
    yield { path, keyword: 'propertyCount', schema, data }
  }
  for (const property of missing(schema, data)) {
    yield { path, keyword: 'required', schema, data, property }
  }
  for (const property of additionalProperties ? [] : keys) {
    if (Object.hasOwn(properties, property)) continue
    yield { path, keyword: 'additionalProperties', schema, data, property }
  }
  for (const [key, child] of known) {
    if (data[key] === undefined) continue
    yield* mismatches(child, data[key], [...path, key], formats)
  }
}

function missing({ required = [] }: SchemaNode, data: unknown): readonly string[] {
  return isMapping(data) ? required.filter((key) => data[key] === undefined) : []
}

function hasType({ type }: SchemaNode, data: unknown): boolean {
  if (type === undefined) return true
  if (typeof type !== 'string') return type.some((one) => hasType({ type: one }, data))
  if (type === 'integer') return Number.isInteger(data)
  if (type === 'number') return Number.isFinite(data)
  if (type === 'array') return Array.isArray(data)
  return type === 'object' ? isMapping(data) : typeof data === type
}

function isInRange({ minimum = -Infinity, maximum = Infinity }: SchemaNode, data: number): boolean {
  return data >= minimum && data <= maximum
}

/** The first keyword that the text does not satisfy. */
function textProblem(schema: SchemaNode, text: string, formats: Formats): string | undefined {
  const { minLength = 0, maxLength = Infinity, pattern, format } = schema
  // Code points, as the specification says.
  const { length } = Array.from(text)
  if (length < minLength || length > maxLength) return 'length'
  if (pattern !== undefined && !new RegExp(pattern, 'u').test(text)) return 'pattern'
  return format === undefined || formats[format]?.(text) === true ? undefined : 'format'
}

function isMapping(data: unknown): data is Record<string, unknown> {
  return typeof data === 'object' && data !== null && !Array.isArray(data)
}
