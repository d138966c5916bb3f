/** Finds, in a script's text, the identifiers by which functions are defined. */
import { definedName } from './defined-name.ts'
import { MapProblem } from './map-problem.ts'
import { readPart } from './rooted-files.ts'
import { scriptOffsets } from './script-offsets.ts'

export interface FunctionStart {
  readonly line: number
  readonly column: number
  /** V8's. */
  readonly functionName: string
}

export interface IdentifierPosition {
  readonly line: number
  readonly column: number
}

/** Room for the name, `= async function` and line breaks. */
const nameBytes = 512
/** A class starts above its constructor; fields may come between. */
const classBytes = 64 * 1024

/**
 * `functions` sorted by line and column; undefined where the script does not write the name there.
 * @throws {MapProblem} when it is later than `deadlineMs` (Date.now).
 */
export function identifierPositions(
  fd: number,
  functions: readonly FunctionStart[],
  deadlineMs: number,
): readonly (IdentifierPosition | undefined)[] {
  const lines = functions.map(({ line }) => line)
  const columns = functions.map(({ column }) => column)
  const offsets = scriptOffsets(fd, lines, columns, deadlineMs)
  return functions.map((start, index) => {
    if (Date.now() > deadlineMs) throw new MapProblem('reading its script takes too long')
    const offset = offsets[index] ?? -1
    return offset < 0 ? undefined : identifierOf(fd, offset, start)
  })
}

function identifierOf(
  fd: number,
  offset: number,
  start: FunctionStart,
): IdentifierPosition | undefined {
  const from = Math.max(0, offset - nameBytes)
  const near = readPart(fd, from, offset - from + nameBytes)
  let before = near.toString('utf8', 0, offset - from)
  if (before.trimEnd().endsWith('constructor')) before = textBefore(fd, offset, classBytes)
  const after = near.toString('utf8', offset - from)
  const defined = definedName(before, after, start.functionName)
  if (defined === undefined) return undefined
  const at = before.length + defined.offset
  const between = defined.offset < 0 ? before.slice(at) : after.slice(0, defined.offset)
  const breaks = between.split('\n').length - 1
  if (breaks === 0) return { line: start.line, column: start.column + defined.offset }
  if (defined.offset > 0) {
    const column = between.length - between.lastIndexOf('\n') - 1
    return { line: start.line + breaks, column }
  }
  const lineStart = before.lastIndexOf('\n', at - 1) + 1
  // Without its line's start the column is not known.
  return lineStart === 0 ? undefined : { line: start.line - breaks, column: at - lineStart }
}

function textBefore(fd: number, offset: number, bytes: number): string {
  const start = Math.max(0, offset - bytes)
  return readPart(fd, start, offset - start).toString('utf8')
}
