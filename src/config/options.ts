/**
 * The options that an environment variable or a flag can set: every scalar of schema.ts.
 * `limits.maxSeconds` is PPROFD_LIMITS_MAX_SECONDS and --limits.max-seconds.
 */
import { configSchema } from './schema.ts'

/** A value that an environment variable or a flag can carry. */
export type Scalar = string | number | boolean

export interface OverridableOption {
  /** The way to the option in the file and in `flags`, such as `['limits', 'maxSeconds']`. */
  readonly keyPath: readonly string[]
  /** `keyPath` joined with dots. */
  readonly key: string
  /** Without the leading dashes, such as `limits.max-seconds`. */
  readonly flag: string
  readonly environment: string
  readonly type: 'boolean' | 'integer' | 'string'
  /** The only values allowed, where there are few. */
  readonly choices: readonly string[] | undefined
  readonly minimum: number | undefined
  readonly maximum: number | undefined
  readonly default: Scalar | undefined
  readonly description: string
}

/** What this file reads of a schema. */
export interface SchemaNode {
  readonly [keyword: string]: unknown
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
  /** What a pattern or format means, in words. */
  readonly allowed?: string
  readonly properties?: Readonly<Record<string, SchemaNode>>
}

/** Every option that can be overridden, in the order of the schema. */
export function overridableOptions(): readonly OverridableOption[] {
  return [...scalars(configSchema, [])]
}

function* scalars(schema: SchemaNode, keyPath: readonly string[]): Generator<OverridableOption> {
  for (const [key, child] of Object.entries(schema.properties ?? {})) {
    if (child.type === 'array') continue
    if (child.type === 'object') yield* scalars(child, [...keyPath, key])
    else yield option(child, [...keyPath, key])
  }
}

function option(schema: SchemaNode, keyPath: readonly string[]): OverridableOption {
  const isScalar = ['string', 'number', 'boolean'].includes(typeof schema.default)
  return {
    keyPath,
    key: keyPath.join('.'),
    flag: keyPath.map((key) => separate(key, '-').toLowerCase()).join('.'),
    environment: `PPROFD_${keyPath.map((key) => separate(key, '_').toUpperCase()).join('_')}`,
    type: schema.type === 'boolean' || schema.type === 'integer' ? schema.type : 'string',
    choices: schema.enum,
    minimum: schema.minimum,
    maximum: schema.maximum,
    default: isScalar ? (schema.default as Scalar) : undefined,
    description: schema.description ?? '',
  }
}

function separate(camelCase: string, separator: string): string {
  return camelCase.replace(/(?<=[a-z0-9])(?=[A-Z])/g, separator)
}
