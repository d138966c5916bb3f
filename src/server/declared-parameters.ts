/**
 * What a route says of its query parameters. Its parser reads by it and /openapi.json describes it, so
 * that the two cannot differ.
 */
import {
  type DecimalRule,
  decimal,
  oneOf,
  type Query,
  type WholeNumberRule,
  wholeNumber,
} from './parameters.ts'

interface Described {
  /** A sentence for people. */
  readonly description: string
}

export interface WholeNumber extends Described, WholeNumberRule {
  readonly kind: 'whole number'
}

export interface Decimal extends Described, DecimalRule {
  readonly kind: 'decimal'
}

export interface Choice<Word extends string = string> extends Described {
  readonly kind: 'choice'
  readonly choices: readonly Word[]
  readonly fallback: Word
}

/** 0 or 1. */
export interface Flag extends Described {
  readonly kind: 'flag'
  readonly fallback: boolean
}

/** The time between two readings, a whole number; one reading where it is not given. */
export interface Delta extends Described {
  readonly kind: 'delta'
  readonly min: number
  readonly max: number
}

/** A number of any size. */
export interface AnyInteger extends Described {
  readonly kind: 'any integer'
  readonly fallback: number
}

/** Words with commas between them. */
export interface Words extends Described {
  readonly kind: 'words'
  readonly choices: readonly string[]
  readonly fallback: readonly string[]
}

export interface FreeText extends Described {
  readonly kind: 'text'
  readonly fallback: string | undefined
}

export type DeclaredParameter =
  | WholeNumber
  | Decimal
  | Choice
  | Flag
  | Delta
  | AnyInteger
  | Words
  | FreeText

/** By name, in the order in which they are judged. */
export type DeclaredParameters = Readonly<Record<string, DeclaredParameter>>

/** Those that say all there is to reading them. */
type Readable = WholeNumber | Decimal | Choice | Flag

type ValueOf<Parameter> = Parameter extends Flag
  ? boolean
  : Parameter extends Choice<infer Word>
    ? Word
    : number

type Values<Declared> = { readonly [Name in keyof Declared]: ValueOf<Declared[Name]> }

/** @throws {InputError} parameter-invalid naming the first that is wrong. */
export function readDeclared<Declared extends Readonly<Record<string, Readable>>>(
  query: Query,
  declared: Declared,
): Values<Declared> {
  const values = Object.entries(declared).map(([name, parameter]) => {
    return [name, readOne(query, name, parameter)]
  })
  return Object.fromEntries(values) as Values<Declared>
}

function readOne(query: Query, name: string, parameter: Readable): string | number | boolean {
  switch (parameter.kind) {
    case 'whole number':
      return wholeNumber(query, name, parameter)
    case 'decimal':
      return decimal(query, name, parameter)
    case 'choice':
      return oneOf(query, name, parameter.choices, parameter.fallback)
    case 'flag':
      return oneOf(query, name, ['0', '1'], parameter.fallback ? '1' : '0') === '1'
  }
}
