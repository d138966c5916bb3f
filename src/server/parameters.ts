/**
 * Reading the query string. Go falls back to the default in silence on a bad value; here a bad
 * value is refused, because a profile of 30 s where 3 were asked is worse than an error. Unknown
 * parameters are ignored, as in Go: scrapers add their own.
 */
import { InputError } from '../errors.ts'

export type Query = Readonly<Record<string, string | readonly string[] | undefined>>

export interface WholeNumberRule {
  /** Used where the parameter is absent or empty. */
  readonly fallback: number
  readonly min: number
  readonly max: number
}

/** The first value of a parameter (Alloy and Parca may repeat one); undefined if absent or empty. */
export function firstValue(query: Query, name: string): string | undefined {
  if (!Object.hasOwn(query, name)) return undefined
  const value = query[name]
  const first = typeof value === 'object' ? value[0] : value
  return first === '' ? undefined : first
}

export function wholeNumber(query: Query, name: string, rule: WholeNumberRule): number {
  const text = firstValue(query, name)
  if (text === undefined) return rule.fallback
  // 9 digits are beyond every maximum and far below what a number can hold exactly.
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (value >= rule.min && value <= rule.max) return value
  throw new InputError(
    'parameter-invalid',
    `${name} must be a whole number from ${rule.min} to ${rule.max}, not ${quoted(text)}`,
  )
}

export interface DecimalRule {
  /** Used where the parameter is absent or empty. */
  readonly fallback: number
  /** What the value must exceed. */
  readonly above: number
  readonly max: number
}

/** A number that may have a fraction, in plain notation. */
export function decimal(query: Query, name: string, rule: DecimalRule): number {
  const text = firstValue(query, name)
  if (text === undefined) return rule.fallback
  const value = /^(\d{1,9}(\.\d{0,9})?|\.\d{1,9})$/.test(text) ? Number(text) : Number.NaN
  if (value > rule.above && value <= rule.max) return value
  throw new InputError(
    'parameter-invalid',
    `${name} must be a number above ${rule.above} and up to ${rule.max}, not ${quoted(text)}`,
  )
}

export function oneOf<Choice extends string>(
  query: Query,
  name: string,
  choices: readonly Choice[],
  fallback: Choice,
): Choice {
  const text = firstValue(query, name)
  if (text === undefined) return fallback
  const choice = choices.find((candidate) => candidate === text)
  if (choice !== undefined) return choice
  throw new InputError(
    'parameter-invalid',
    `${name} must be one of ${choices.join(', ')}, not ${quoted(text)}`,
  )
}

/** 40 characters are enough to recognise one's own mistake. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text)
}
