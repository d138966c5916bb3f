/** Finds, in a script's text, the identifiers by which functions are defined. */
import { definedName } from './defined-name.ts'
import { enclosingNames } from './enclosing-names.ts'
import { MapProblem } from './map-problem.ts'
import { readPart } from './rooted-files.ts'
import { scriptOffsets } from './script-offsets.ts'

export interface FunctionStart {
  readonly line: number
  readonly column: number
  /** V8's. */
  readonly functionName: string
}

/** 0-based. */
export interface IdentifierPosition {
  readonly line: number
  readonly column: number
}

/** Room for the name, `= async function` and line breaks. */
const nameBytes = 512
/** A class starts above its constructor; fields may come between. */
const classBytes = 64 * 1024

/**
 * Where the script writes the names of the functions that start at these positions, which are sorted
 * by line and column; `visit` is called with the index of each that is found.
 * @throws {MapProblem} when it is later than `deadlineMs` (Date.now).
 */
export function findNames(
  fd: number,
  functions: readonly FunctionStart[],
  deadlineMs: number,
  visit: (index: number, identifier: IdentifierPosition) => void,
): void {
  eachOffset(fd, functions, deadlineMs, (index, offset, start) => {
    const identifier = identifierOf(fd, offset, start)
    if (identifier) visit(index, identifier)
  })
}

/** The same for positions within functions, and the classes that they are in; `part` as in `nameParts`. */
export function findEnclosingNames(
  fd: number,
  positions: readonly FunctionStart[],
  deadlineMs: number,
  visit: (index: number, identifier: IdentifierPosition, part: number) => void,
): void {
  eachOffset(fd, positions, deadlineMs, (index, offset, position) => {
    const before = textBefore(fd, offset, classBytes)
    for (const { part, at } of enclosingNames(before, position.functionName)) {
      const identifier = positionIn(before, at, position)
      if (identifier) visit(index, identifier, part)
    }
  })
}

function eachOffset(
  fd: number,
  positions: readonly FunctionStart[],
  deadlineMs: number,
  visit: (index: number, offset: number, position: FunctionStart) => void,
): void {
  const lines = positions.map(({ line }) => line)
  const columns = positions.map(({ column }) => column)
  const offsets = scriptOffsets(fd, lines, columns, deadlineMs)
  for (const [index, position] of positions.entries()) {
    if (Date.now() > deadlineMs) throw new MapProblem('reading its script takes too long')
    const offset = offsets[index] ?? -1
    if (offset >= 0) visit(index, offset, position)
  }
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
  if (defined.offset <= 0) return positionIn(before, before.length + defined.offset, start)
  const between = after.slice(0, defined.offset)
  const breaks = between.split('\n').length - 1
  if (breaks === 0) return { line: start.line, column: start.column + defined.offset }
  return { line: start.line + breaks, column: between.length - between.lastIndexOf('\n') - 1 }
}

/** The position of the character `at` of the text that ends at `end`. */
function positionIn(
  before: string,
  at: number,
  end: IdentifierPosition,
): IdentifierPosition | undefined {
  const breaks = before.slice(at).split('\n').length - 1
  if (breaks === 0) return { line: end.line, column: end.column + at - before.length }
  const lineStart = before.lastIndexOf('\n', at - 1) + 1
  // Without its line's start the column is not known.
  return lineStart === 0 ? undefined : { line: end.line - breaks, column: at - lineStart }
}

function textBefore(fd: number, offset: number, bytes: number): string {
  const start = Math.max(0, offset - bytes)
  return readPart(fd, start, offset - start).toString('utf8')
}
