/** What came back from a target, as frames: it may send anything. */
import type { Frame } from './goroutine-entry.ts'

/** Longer ones are no names that anybody reads. */
const maxNameLength = 500
const maxUrlLength = 2000

/** `value`: a list of `RawFrame`; what has another form is left out. */
export function framesOf(value: unknown): readonly Frame[] {
  if (!Array.isArray(value)) return []
  return value.map(frameOf).filter((frame) => frame !== undefined)
}

export function positionOf(value: unknown): number {
  return Number.isSafeInteger(value) && Number(value) > 0 ? Number(value) : 0
}

function frameOf(value: unknown): Frame | undefined {
  if (!Array.isArray(value)) return undefined
  const [name, url, line, column, isAsync] = value
  if (typeof name !== 'string' || typeof url !== 'string') return undefined
  return {
    function: name.slice(0, maxNameLength),
    url: url.slice(0, maxUrlLength),
    line: positionOf(line),
    column: positionOf(column),
    ...(isAsync === 1 ? { isAsync: true } : {}),
  }
}
