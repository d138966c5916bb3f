/**
 * Reads the segments of `mappings`: base64 digits of 5 bits each, a number's lowest first, `,` after a
 * segment and `;` after a line. https://tc39.es/ecma426/#sec-mappings
 */
import { MapProblem } from './map-problem.ts'

/** Generated column, source, original line, original column, name. */
export const maxFields = 5

/** What stands where reading stopped. */
export type Stop = 'segment' | 'pause' | 'line' | 'end'

const commaByte = 0x2c
const comma = 64
const unknown = 255

/** From a byte to its base64 digit, or to what it separates. */
const digits = new Uint8Array(256).fill(unknown)
for (const [digit, character] of [
  ...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/,;',
].entries()) {
  digits[character.charCodeAt(0)] = digit
}

/**
 * From a byte to the step that it stands for as a number of one digit, with `bias` added; `long` for all others.
 * Of several together one is long if their bits are, so that one comparison tells.
 */
const bias = 16
const long = 128
const shortSteps = new Uint8Array(256).fill(long)
for (const [byte, digit] of digits.entries()) {
  if (digit < 32) shortSteps[byte] = bias + (digit & 1 ? -(digit >> 1) : digit >> 1)
}

/** V8 has seen all of the loop after a few runs, and what it optimises then need not be thrown away. */
const longestRun = 256

/** The clock is read once in so many runs, which are a line at least: a millisecond or so. */
const clockStride = 128

export class SegmentReader {
  /** Of the last segment read. Each field counts on from segment to segment, the first within its line. */
  readonly fields = new Int32Array(maxFields)
  /** What the last segment added: minus that, `fields` are those of the segment before. */
  readonly steps = new Int32Array(maxFields)
  /** How many fields the last segment has; 0 at the beginning of a line. */
  count = 0
  /** As `count`, of the segment before the last. */
  countBefore = 0
  readonly #bytes: Uint8Array
  readonly #end: number
  readonly #deadlineMs: number
  #at: number
  #untilClock = clockStride

  /** At `end` stands something that is no digit, such as the quote that ends the text. */
  constructor(bytes: Uint8Array, start: number, end: number, deadlineMs: number) {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
    this.#deadlineMs = deadlineMs
  }

  /**
   * Reads on to the first segment that is at `column` or behind it, or steps back, or to the end of the
   * line. What is done about those is done elsewhere: V8 optimises this loop once, and for good.
   * @throws {MapProblem} where the bytes make no sense, and when it is later than the deadline (Date.now).
   */
  read(column: number): Stop {
    // In variables, and written back at the end: the loop runs once a segment.
    const bytes = this.#bytes
    const end = this.#end
    const { fields, steps } = this
    let at = this.#at
    let last = this.count
    let lastButOne = this.countBefore
    let stop: Stop | undefined
    for (let left = longestRun; stop === undefined; left--) {
      // Four numbers of a digit each and a comma, as most segments are written.
      const columnStep = shortSteps[bytes[at] ?? 0] ?? long
      const sourceStep = shortSteps[bytes[at + 1] ?? 0] ?? long
      const lineStep = shortSteps[bytes[at + 2] ?? 0] ?? long
      const originalStep = shortSteps[bytes[at + 3] ?? 0] ?? long
      const isShort = (columnStep | sourceStep | lineStep | originalStep) < long
      if (isShort && bytes[at + 4] === commaByte && at + 4 < end && left > 0) {
        const generated = (fields[0] ?? 0) + columnStep - bias
        fields[0] = generated
        fields[1] = (fields[1] ?? 0) + sourceStep - bias
        fields[2] = (fields[2] ?? 0) + lineStep - bias
        fields[3] = (fields[3] ?? 0) + originalStep - bias
        lastButOne = last
        last = 4
        at += 5
        if (generated < column && columnStep >= bias) continue
        // Nobody reads them before.
        steps[0] = columnStep - bias
        steps[1] = sourceStep - bias
        steps[2] = lineStep - bias
        steps[3] = originalStep - bias
        stop = 'segment'
        break
      }
      let digit = digits[bytes[at] ?? 0] ?? unknown
      if (digit < comma) {
        let count = 0
        do {
          let value = digit & 31
          at++
          for (let shift = 5; digit & 32; shift += 5) {
            // Beyond 32 bits the specification has no numbers.
            if (shift > 30) throw new MapProblem('a number in its mappings is too large')
            digit = digits[bytes[at] ?? 0] ?? unknown
            if (digit >= comma) throw this.#noDigit(digit, at)
            value |= (digit & 31) << shift
            at++
          }
          if (count === maxFields) throw wrongCount(count + 1)
          const step = value & 1 ? -(value >>> 1) : value >>> 1
          fields[count] = (fields[count] ?? 0) + step
          steps[count] = step
          count++
          digit = digits[bytes[at] ?? 0] ?? unknown
        } while (digit < comma)
        if (digit === unknown && at < end) throw noBase64()
        if (count === 2 || count === 3) throw wrongCount(count)
        lastButOne = last
        last = count
        if ((fields[0] ?? 0) >= column || (steps[0] ?? 0) < 0) stop = 'segment'
      } else if (left < 0) stop = 'pause'
      else if (digit === comma) at++
      else if (digit === unknown && at < end) throw noBase64()
      else stop = at < end ? 'line' : 'end'
    }
    this.#at = at
    this.count = last
    this.countBefore = lastButOne
    this.#checkClock()
    return stop
  }

  /** After the end of a line. */
  nextLine(): void {
    this.#at++
    this.fields[0] = 0
    this.count = 0
    this.countBefore = 0
  }

  #checkClock(): void {
    if (--this.#untilClock > 0) return
    this.#untilClock = clockStride
    if (Date.now() > this.#deadlineMs) throw new MapProblem('reading it takes too long')
  }

  #noDigit(digit: number, at: number): MapProblem {
    if (digit === unknown && at < this.#end) return noBase64()
    return new MapProblem('a number in its mappings has no end')
  }
}

function wrongCount(count: number): MapProblem {
  return new MapProblem(`a segment of its mappings has ${count} fields`)
}

function noBase64(): MapProblem {
  return new MapProblem('its mappings hold a character that is no base64')
}
