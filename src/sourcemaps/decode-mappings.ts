/**
 * Answers questions from the `mappings` of a source map without keeping them: one pass over the bytes,
 * memory for the questions only. https://tc39.es/ecma426/#sec-mappings
 * The library for these numbers, @jridgewell/sourcemap-codec, makes an array of every segment.
 */
import { MapProblem } from './map-problem.ts'
import { anyColumn } from './questions.ts'

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

const comma = 64
const semicolon = 65
const unknown = 255

/** From a byte to its base64 digit, or to what it separates. */
const digits = new Uint8Array(256).fill(unknown)
for (const [digit, character] of [
  ...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/,;',
].entries()) {
  digits[character.charCodeAt(0)] = digit
}

/** The clock is read once in so many lines or segments: a millisecond or less. */
const clockStride = 1 << 15

/**
 * Reads `bytes` from `start` to `end` and stops after the last question's line. Segments may come in
 * any order. Of several at the column asked for the first counts, of several before it the last, as
 * in @jridgewell/trace-mapping.
 * @throws {MapProblem} where they make no sense, and when it is later than `deadlineMs` (Date.now).
 */
export function decodeMappings(
  bytes: Uint8Array,
  start: number,
  end: number,
  questions: MappingQuestions,
  deadlineMs: number,
): void {
  const { lines } = questions
  const line = new MappedLine(questions)
  const lastLine = lines[lines.length - 1] ?? -1
  /** Generated column, source, original line and column, name: each counts on from segment to segment. */
  const fields = new Int32Array(maxFields)
  let generatedLine = 0
  let untilClock = clockStride
  line.begin(0)
  for (let at = start; at < end && generatedLine <= lastLine; at++) {
    const first = digits[bytes[at] ?? 0] ?? unknown
    if (first < comma) {
      let count = 0
      // The quote that ends the text is no digit, either.
      for (let digit = first; digit < comma; digit = digits[bytes[at] ?? 0] ?? unknown) {
        let value = digit & 31
        at++
        for (let shift = 5; digit & 32; shift += 5) {
          // Beyond 32 bits the specification has no numbers.
          if (shift > 30) throw new MapProblem('a number in its mappings is too large')
          digit = at < end ? (digits[bytes[at] ?? 0] ?? unknown) : unknown
          if (digit === unknown && at < end) throw noBase64()
          if (digit >= comma) throw new MapProblem('a number in its mappings has no end')
          value |= (digit & 31) << shift
          at++
        }
        if (count === maxFields) throw wrongCount(count + 1)
        fields[count] = (fields[count] ?? 0) + (value & 1 ? -(value >>> 1) : value >>> 1)
        count++
      }
      if (at < end && digits[bytes[at] ?? 0] === unknown) throw noBase64()
      if (count === 2 || count === 3) throw wrongCount(count)
      if (line.isAsked) line.add(fields, count)
    } else if (first === unknown) throw noBase64()
    if (at >= end || digits[bytes[at] ?? 0] === semicolon) {
      line.end()
      generatedLine++
      fields[0] = 0
      line.begin(generatedLine)
    }
    if (--untilClock > 0) continue
    untilClock = clockStride
    if (Date.now() > deadlineMs) throw new MapProblem('reading it takes too long')
  }
  line.end()
}

const maxFields = 5

function wrongCount(count: number): MapProblem {
  return new MapProblem(`a segment of its mappings has ${count} fields`)
}

function noBase64(): MapProblem {
  return new MapProblem('its mappings hold a character that is no base64')
}

/** The questions of the line that is being read. */
class MappedLine {
  isAsked = false
  readonly #questions: MappingQuestions
  #first = 0
  #next = 0
  /** The first question at or after the last segment, as segments mostly ascend. */
  #at = 0
  #lastColumn = 0
  #asksAny = false

  constructor(questions: MappingQuestions) {
    this.#questions = questions
  }

  begin(line: number): void {
    const { lines } = this.#questions
    this.#first = this.#next
    while (this.#next < lines.length && lines[this.#next] === line) this.#next++
    this.isAsked = this.#next > this.#first
    this.#at = this.#first
    this.#lastColumn = 0
    this.#asksAny = this.isAsked && this.#questions.columns[this.#first] === anyColumn
  }

  /** The segment answers the first question at or after it, until a nearer one does. */
  add(fields: Int32Array, count: number): void {
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
    if (columns[this.#at] === column && foundColumns[this.#at] === column) {
      while (this.#at < this.#next && columns[this.#at] === column) this.#at++
    }
    if (this.#at === this.#next || column < (foundColumns[this.#at] ?? -1)) return
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
