/** The parameters that Go's named profiles share, with its sentences (net/http/pprof, handler.ServeHTTP). */
import { InputError } from '../errors.ts'
import { firstValue, type Query, wholeNumber } from './parameters.ts'

/**
 * `seconds` of a profile of which a difference can be taken; undefined where none is wanted. Neither
 * here nor in Go has the difference a text form.
 */
export function deltaSeconds(
  query: Query,
  { isText, max }: { readonly isText: boolean; readonly max: number },
): number | undefined {
  const text = firstValue(query, 'seconds')
  if (text === undefined) return undefined
  if (!/^\+?\d+$/.test(text) || Number(text) === 0) {
    const message = 'invalid value for "seconds" - must be a positive integer'
    throw new InputError('parameter-invalid', message)
  }
  if (isText) {
    throw new InputError('parameter-invalid', 'seconds and debug params are incompatible')
  }
  return wholeNumber(query, 'seconds', { fallback: 1, min: 1, max })
}

/** What is unreadable counts as 0, as in Go. */
export function looseNumber(query: Query, name: string): number {
  const text = firstValue(query, name) ?? ''
  return /^[+-]?\d+$/.test(text) ? Number(text) : 0
}
