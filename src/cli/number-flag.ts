import { InputError } from '../errors.ts'

interface Range {
  readonly fallback: number
  /** The smallest value allowed, or what the value must exceed. */
  readonly min?: number
  readonly above?: number
  readonly max: number
}

/** @throws {InputError} parameter-invalid naming the flag and what is allowed. */
export function numberFlag(
  name: string,
  text: string | undefined,
  { fallback, min = 0, above = -1, max }: Range,
): number {
  if (text === undefined) return fallback
  // A flag that was given twice is an array, and no number either.
  const value = typeof text === 'string' && /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value > above && value <= max) return value
  const range = above >= min ? `above ${above} and up to ${max}` : `from ${min} to ${max}`
  throw new InputError(
    'parameter-invalid',
    `${name} ${text} is not allowed; give a number ${range}`,
  )
}
