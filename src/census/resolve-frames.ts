/** From V8's terms (a function's first character, the number of a suspend point) to lines and columns. */
import type { RawFunction } from './function-names.ts'
import type { PointKind, SourceFunctions } from './source-function.ts'
import type { ReadSource, SourceText } from './source-text.ts'
import { suspendPoints } from './suspend-points.ts'

export interface Position {
  /** 1-based; 0 where unknown. */
  readonly line: number
  /** 1-based, in UTF-16 units; 0 where unknown. */
  readonly column: number
  /**
   * What stands there: where the function is suspended (`await`, `yield`, `start` for a generator that
   * has not begun), or only its beginning, or nothing that is known.
   */
  readonly at: PointKind | 'function' | 'unknown'
  /** Of a method, the class it stands in; '' for other functions. */
  readonly className: string
}

export type FindPosition = (fn: RawFunction, point: number) => Promise<Position>

interface Source extends SourceText {
  readonly functions: SourceFunctions | undefined
  /** Offsets at which lines begin. */
  readonly lineStarts: readonly number[]
}

const unknown: Position = { line: 0, column: 0, at: 'unknown', className: '' }

/** Every source is read and parsed once. */
export function positionFinder(readSource: ReadSource): FindPosition {
  const sources = new Map<string, Promise<Source | undefined>>()
  return async (fn, point) => {
    const key = `${fn.sourceLength} ${fn.url}`
    const known = sources.get(key) ?? load(fn, readSource)
    sources.set(key, known)
    const source = await known
    return source === undefined || fn.start < 0 ? unknown : find(source, fn, point)
  }
}

async function load(fn: RawFunction, readSource: ReadSource): Promise<Source | undefined> {
  const found = await readSource(fn)
  if (found === undefined) return undefined
  const { text } = found
  const isModule = fn.url.startsWith('file:') || fn.url.endsWith('.mjs')
  const functions = isModule
    ? (suspendPoints(text, 'module') ?? suspendPoints(text, 'script'))
    : (suspendPoints(text, 'script') ?? suspendPoints(text, 'module'))
  const lineStarts = [0]
  // The line terminators of ECMA-262, of which CR LF is one.
  for (const { index, 0: end } of text.matchAll(/\r\n|[\n\r\u2028\u2029]/g)) {
    lineStarts.push(index + end.length)
  }
  return { ...found, functions, lineStarts }
}

function find(source: Source, fn: RawFunction, point: number): Position {
  const start = Math.max(fn.start - source.shift, 0)
  const inSource = source.functions?.get(start)
  const { kind, offset } = inSource?.points?.[point] ?? { kind: 'function' as const, offset: start }
  const className = inSource?.className ?? ''
  return { ...lineAndColumn(source.lineStarts, offset), at: kind, className }
}

function lineAndColumn(lineStarts: readonly number[], offset: number) {
  let low = 0
  let high = lineStarts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if ((lineStarts[middle] ?? 0) <= offset) low = middle
    else high = middle - 1
  }
  return { line: low + 1, column: offset - (lineStarts[low] ?? 0) + 1 }
}
