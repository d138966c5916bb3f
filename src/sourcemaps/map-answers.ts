/** Answers questions from a source map's bytes, index maps included. https://tc39.es/ecma426/#sec-source-map-format */
import { decodeMappings, MappingQuestions } from './decode-mappings.ts'
import { MapJson, type Span } from './map-json.ts'
import { MapProblem } from './map-problem.ts'
import { resolveSource } from './resolve-source.ts'

export interface MapAnswer {
  readonly source: string
  readonly line: number
  readonly column: number
  /** What the map calls the identifier that begins exactly at the position asked for. */
  readonly name: string | undefined
}

export interface MapAnswers {
  readonly answers: readonly (MapAnswer | undefined)[]
  /** In all sections together. */
  readonly sourceCount: number
}

export interface MapContext {
  /** Of the map's file, or of the script that holds it. */
  readonly mapPath: string
  /** Date.now() at which to give up. */
  readonly deadlineMs: number
}

/** The specification allows no sections in sections; tools that concatenate twice make them. */
const maxDepth = 4

const memberNames = ['version', 'mappings', 'sources', 'sourceRoot', 'names', 'sections'] as const
type Members = Readonly<Partial<Record<(typeof memberNames)[number], Span>>>

/** Questions are sorted by line, then column. @throws {MapProblem} */
export function answerFromMap(
  bytes: Buffer,
  lines: readonly number[],
  columns: readonly number[],
  context: MapContext,
): MapAnswers {
  const answers: (MapAnswer | undefined)[] = new Array(lines.length).fill(undefined)
  const map = new MapJson(bytes, context.deadlineMs)
  let sourceCount = 0

  const answerPart = (span: Span, from: number, to: number, at: Offset, depth: number): void => {
    const members = map.members(span, memberNames)
    if (members.sections) {
      if (depth === maxDepth) throw new MapProblem('its sections are nested too deeply')
      answerSections(members.sections, from, to, at, depth)
      return
    }
    checkVersion(map, members)
    if (members.mappings === undefined) throw new MapProblem('it has no mappings')
    if (bytes[members.mappings.start] !== 0x22) throw new MapProblem('its mappings are no text')
    sourceCount += countSources(map, members)
    const questions = new MappingQuestions(
      Int32Array.from(lines.slice(from, to), (line) => line - at.line),
      Int32Array.from(columns.slice(from, to), (column, index) =>
        lines[from + index] === at.line && column >= 0 ? column - at.column : column,
      ),
    )
    const { start, end } = members.mappings
    decodeMappings(bytes, start + 1, end - 1, questions, context.deadlineMs)
    const found = describe(map, members, questions, context.mapPath)
    for (const [index, answer] of found.entries()) answers[from + index] = answer
  }

  const answerSections = (span: Span, from: number, to: number, base: Offset, depth: number) => {
    const sections = readSections(map, span, base)
    let next = from
    for (const [index, { at, map: part }] of sections.entries()) {
      const following = sections[index + 1]?.at
      while (next < to && isBefore(lines[next] ?? 0, columns[next] ?? 0, at)) next++
      const first = next
      while (
        next < to &&
        (!following || isBefore(lines[next] ?? 0, columns[next] ?? 0, following))
      ) {
        next++
      }
      if (first < next) answerPart(part, first, next, at, depth + 1)
      else sourceCount++
    }
  }

  answerPart(map.whole, 0, lines.length, { line: 0, column: 0 }, 0)
  return { answers, sourceCount }
}

/** Whether the map has names at all: without, nobody needs to look for identifiers. @throws {MapProblem} */
export function hasNames(bytes: Buffer, deadlineMs: number): boolean {
  const map = new MapJson(bytes, deadlineMs)
  const { names, sections } = map.members(map.whole, memberNames)
  return sections !== undefined || (names !== undefined && names.end - names.start > 2)
}

interface Offset {
  readonly line: number
  readonly column: number
}

interface Section {
  readonly at: Offset
  readonly map: Span
}

function readSections(map: MapJson, span: Span, base: Offset): readonly Section[] {
  const sections: Section[] = []
  map.elements(span, (element) => {
    const { offset, map: part, url } = map.members(element, ['offset', 'map', 'url'] as const)
    if (url !== undefined && part === undefined) {
      throw new MapProblem('a section of it is in another file, which is not read')
    }
    if (offset === undefined || part === undefined) throw new MapProblem('a section lacks a part')
    const { line, column } = map.members(offset, ['line', 'column'] as const)
    const at = { line: numberAt(map, line), column: numberAt(map, column) }
    const isFirstLine = at.line === 0
    sections.push({
      at: { line: base.line + at.line, column: at.column + (isFirstLine ? base.column : 0) },
      map: part,
    })
  })
  for (const [index, { at }] of sections.entries()) {
    const before = sections[index - 1]
    if (before && isBefore(at.line, at.column, before.at)) {
      throw new MapProblem('its sections are in no order')
    }
  }
  return sections
}

function numberAt(map: MapJson, span: Span | undefined): number {
  const value = span && map.number(span)
  if (value === undefined || !Number.isInteger(value) || value < 0 || value > 2 ** 31) {
    throw new MapProblem('the offset of a section is no number')
  }
  return value
}

function isBefore(line: number, column: number, at: Offset): boolean {
  return line < at.line || (line === at.line && Math.max(0, column) < at.column)
}

function checkVersion(map: MapJson, { version }: Members): void {
  const number = version && map.number(version)
  if (number !== 3) throw new MapProblem('it is no source map of version 3')
}

function countSources(map: MapJson, { sources }: Members): number {
  let count = 0
  if (sources) map.elements(sources, () => count++)
  return count
}

function describe(
  map: MapJson,
  members: Members,
  questions: MappingQuestions,
  mapPath: string,
): readonly (MapAnswer | undefined)[] {
  const isExact = (index: number) => questions.foundColumns[index] === questions.columns[index]
  const sources = textsAt(map, members.sources, new Set(questions.sources))
  const names = textsAt(map, members.names, new Set(questions.names))
  const sourceRoot = (members.sourceRoot && map.text(members.sourceRoot)) ?? ''
  const paths = new Map<number, string>()
  for (const [index, text] of sources) paths.set(index, resolveSource(text, sourceRoot, mapPath))
  return Array.from(questions.sources, (source, index) => {
    const path = paths.get(source)
    const line = questions.originalLines[index] ?? -1
    const column = questions.originalColumns[index] ?? -1
    if (path === undefined || line < 0 || column < 0) return undefined
    const name = isExact(index) ? names.get(questions.names[index] ?? -1) : undefined
    return { source: path, line, column, name: name || undefined }
  })
}

/** The wanted elements of an array of strings. */
function textsAt(
  map: MapJson,
  span: Span | undefined,
  wanted: ReadonlySet<number>,
): ReadonlyMap<number, string> {
  const texts = new Map<number, string>()
  // -1 is none: many maps name functions at their identifier, not where V8 says that they begin.
  const isAny = Array.from(wanted).some((index) => index >= 0)
  if (span === undefined || !isAny) return texts
  map.elements(span, (element, index) => {
    if (!wanted.has(index)) return
    const text = map.text(element)
    if (text !== undefined) texts.set(index, text)
  })
  return texts
}
