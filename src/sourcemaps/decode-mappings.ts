/**
 * Answers questions from the `mappings` of a source map without keeping them: one pass over the bytes,
 * memory for the questions only. https://tc39.es/ecma426/#sec-mappings
 * The library for these numbers, @jridgewell/sourcemap-codec, makes an array of every segment.
 */
import { anyColumn } from './questions.ts'
import { maxFields, SegmentReader } from './segment-reader.ts'

/** Sorted by line, then column, and parallel; the found is written into the other columns. */
export class MappingQuestions {
  readonly lines: Int32Array
  /** `anyColumn` asks for the first segment of the line that has a source. */
  readonly columns: Int32Array
  /** Column of the segment that answers; -1: none. The last one at or before the column asked for. */
  readonly foundColumns: Int32Array
  /** Index of the source; -1 where the code comes from none. */
  readonly sources: Int32Array
  readonly originalLines: Int32Array
  readonly originalColumns: Int32Array
  /** Index of the name; -1: none. */
  readonly names: Int32Array

  constructor(lines: Int32Array, columns: Int32Array) {
    const { length } = lines
    this.lines = lines
    this.columns = columns
    this.foundColumns = new Int32Array(length).fill(-1)
    this.sources = new Int32Array(length).fill(-1)
    this.originalLines = new Int32Array(length)
    this.originalColumns = new Int32Array(length)
    this.names = new Int32Array(length).fill(-1)
  }
}

/**
 * Reads `bytes` from `start` to `end`, where something stands that is no digit, such as the quote that
 * ends the text, and stops after the last question's line. Segments may come in any order. Of several
 * at the column asked for the first counts, of several before it the last, as in
 * @jridgewell/trace-mapping.
 * @throws {MapProblem} where they make no sense, and when it is later than `deadlineMs` (Date.now).
 */
export function decodeMappings(
  bytes: Uint8Array,
  start: number,
  end: number,
  questions: MappingQuestions,
  deadlineMs: number,
): void {
  const lastLine = questions.lines[questions.lines.length - 1] ?? -1
  const segments = new SegmentReader(bytes, start, end, deadlineMs)
  const line = new MappedLine(questions, segments)
  for (let generatedLine = 0; generatedLine <= lastLine; generatedLine++) {
    line.begin(generatedLine)
    let stop = segments.read(line.nextColumn)
    while (stop === 'segment' || stop === 'pause') {
      if (stop === 'segment') line.pass()
      stop = segments.read(line.nextColumn)
    }
    line.end()
    if (stop === 'end') return
    segments.nextLine()
  }
}

/** Later than any column: there is nothing to wait for. */
const never = 2 ** 31

/** The questions of the line that is being read. */
class MappedLine {
  /** Segments before this column, in their order, answer nothing unless they are the last before it. */
  nextColumn = never
  readonly #questions: MappingQuestions
  readonly #segments: SegmentReader
  readonly #before = new Int32Array(maxFields)
  #first = 0
  #next = 0
  /** The first question at or after the last segment, as segments mostly ascend. */
  #at = 0
  #lastColumn = 0
  #asksAny = false
  #isAscending = true

  constructor(questions: MappingQuestions, segments: SegmentReader) {
    this.#questions = questions
    this.#segments = segments
  }

  begin(line: number): void {
    const { lines, columns } = this.#questions
    this.#first = this.#next
    while (this.#next < lines.length && lines[this.#next] === line) this.#next++
    this.#at = this.#first
    this.#lastColumn = 0
    this.#isAscending = true
    this.#asksAny = this.#isAsked && columns[this.#first] === anyColumn
    this.nextColumn = this.#columnAt(this.#first)
  }

  /** For a segment that comes to a question or steps back, and the one before it. */
  pass(): void {
    if (!this.#isAsked) return
    const { fields, steps, count, countBefore } = this.#segments
    if (countBefore > 0) {
      for (let field = 0; field < maxFields; field++) {
        this.#before[field] = (fields[field] ?? 0) - (field < count ? (steps[field] ?? 0) : 0)
      }
      this.#add(this.#before, countBefore)
    }
    this.#add(fields, count)
    if ((steps[0] ?? 0) < 0) this.#isAscending = false
    // Where segments come in no order, or any is asked for, each may be the one.
    const isAny = this.#asksAny && (this.#questions.foundColumns[this.#first] ?? -1) < 0
    this.nextColumn = this.#isAscending && !isAny ? this.#columnAt(this.#at) : -never
  }

  get #isAsked(): boolean {
    return this.#next > this.#first
  }

  #columnAt(index: number): number {
    return index < this.#next ? (this.#questions.columns[index] ?? never) : never
  }

  /** The segment answers the first question at or after it, until a nearer one does. */
  #add(fields: Int32Array, count: number): void {
    const { columns, foundColumns } = this.#questions
    const column = fields[0] ?? 0
    if (column < this.#lastColumn) this.#at = this.#firstFrom(column)
    this.#lastColumn = column
    if (this.#asksAny && count > 1) {
      const found = foundColumns[this.#first] ?? -1
      if (found < 0 || column < found) this.#put(this.#first, fields, count)
    }
    while (this.#at < this.#next && (columns[this.#at] ?? 0) < column) this.#at++
    // A question here is answered by the first segment here; this one can only answer those behind it.
    if (this.#at === this.#next) return
    if (columns[this.#at] === column && foundColumns[this.#at] === column) {
      while (this.#at < this.#next && columns[this.#at] === column) this.#at++
      if (this.#at === this.#next) return
    }
    if (column < (foundColumns[this.#at] ?? -1)) return
    this.#put(this.#at, fields, count)
  }

  /** Index of the line's first question at or after the column. */
  #firstFrom(column: number): number {
    const { columns } = this.#questions
    let low = this.#first
    let high = this.#next
    while (low < high) {
      const middle = (low + high) >> 1
      if ((columns[middle] ?? 0) < column) low = middle + 1
      else high = middle
    }
    return low
  }

  /** What answers a question answers those behind it, too, unless they have a nearer one. */
  end(): void {
    if (!this.#isAsked) return
    const { fields, count } = this.#segments
    if (count > 0) this.#add(fields, count)
    const { columns, foundColumns, sources, originalLines, originalColumns, names } =
      this.#questions
    for (let index = this.#first + 1; index < this.#next; index++) {
      const before = index - 1
      if (columns[before] === anyColumn) continue
      const column = foundColumns[before] ?? -1
      if (column <= (foundColumns[index] ?? -1)) continue
      foundColumns[index] = column
      sources[index] = sources[before] ?? -1
      originalLines[index] = originalLines[before] ?? 0
      originalColumns[index] = originalColumns[before] ?? 0
      names[index] = names[before] ?? -1
    }
  }

  #put(index: number, fields: Int32Array, count: number): void {
    const { foundColumns, sources, originalLines, originalColumns, names } = this.#questions
    foundColumns[index] = fields[0] ?? 0
    sources[index] = count === 1 ? -1 : (fields[1] ?? -1)
    originalLines[index] = fields[2] ?? 0
    originalColumns[index] = fields[3] ?? 0
    names[index] = count === maxFields ? (fields[4] ?? -1) : -1
  }
}
