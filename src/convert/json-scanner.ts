/**
 * Walks JSON text byte by byte (https://www.rfc-editor.org/rfc/rfc8259). Building the objects of a
 * V8 profile takes ten times the memory of its text; whoever scans keeps only what it wants.
 * Nothing here recurses, so no nesting is too deep. It reads all valid JSON, and text that is not
 * valid it may accept where that does no harm (in skipped values).
 */
import { CaptureError } from '../errors.ts'

const quote = 0x22
const comma = 0x2c
const minus = 0x2d
const colon = 0x3a
const openBracket = 0x5b
const backslash = 0x5c
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

/** They fit 32 bits. */
const maxPlainDigits = 9

/** Keys that are looked for; `names` and, in the same order, how they stand in JSON that has no white space. */
export interface Keys<Name extends string> {
  readonly names: readonly Name[]
  readonly texts: readonly Uint8Array[]
}

/** In the order in which they are expected, which is the quickest. */
export function keys<Name extends string>(...names: readonly Name[]): Keys<Name> {
  return { names, texts: names.map((name) => Buffer.from(`"${name}":`)) }
}

export class JsonScanner {
  readonly #text: Buffer
  readonly #subject: string
  #at = 0
  #stringStart = 0
  #isEscaped = false
  #keyIndex = -1

  /** `subject` is what failures call the text. */
  constructor(text: Uint8Array, subject = 'CPU profile') {
    this.#text = Buffer.from(text.buffer, text.byteOffset, text.byteLength)
    this.#subject = subject
  }

  get offset(): number {
    return this.#at
  }

  /** Goes on from there, which must be between two tokens. */
  goTo(offset: number): void {
    this.#at = offset
  }

  fail(problem: string): CaptureError {
    return new CaptureError(
      'recording-invalid',
      `The target sent an unusable ${this.#subject}: ${problem} (byte ${this.#at} of ${this.#text.length}).`,
    )
  }

  openObject(): void {
    this.#expect(openBrace, 'an object')
  }

  /**
   * Goes on to the next member's value, which the caller must read or skip; false at the object's
   * end. `key` is then the member's key, or undefined where it is not one of `wanted`.
   */
  nextMember<Name extends string>(wanted: Keys<Name>): boolean {
    if (this.#takeExpected(wanted)) return true
    if (this.#isAtEnd(closeBrace)) return false
    this.#keyIndex = this.#key(wanted)
    this.#expect(colon, '":"')
    return true
  }

  key<Name extends string>({ names }: Keys<Name>): Name | undefined {
    return names[this.#keyIndex]
  }

  openArray(): void {
    this.#expect(openBracket, 'an array')
  }

  /** Goes on to the next element, which the caller must read or skip; false at the array's end. */
  nextElement(): boolean {
    return !this.#isAtEnd(closeBracket)
  }

  /** Passes over this text where it comes next. */
  takeText(expected: Uint8Array): boolean {
    if (!startsWith(this.#text, this.#at, expected)) return false
    this.#at += expected.length
    return true
  }

  /** Reads a number of one to nine digits; -1 where it is none. The caller sees what follows it. */
  plainNumber(): number {
    const text = this.#text
    const start = this.#at
    let at = start
    let value = 0
    for (;;) {
      const digit = (text[at] ?? 0) - 0x30
      if (digit < 0 || digit > 9) break
      value = (value * 10 + digit) | 0
      at++
    }
    if (at === start || at - start > maxPlainDigits) return -1
    this.#at = at
    return value
  }

  /**
   * Reads elements of an array of numbers into `block`, as long as they are as V8 writes most of them, up
   * to nine digits and a comma, and as there is room; returns how many. The one after them may be
   * anything, and is the next element.
   */
  plainNumbers(block: Int32Array): number {
    const text = this.#text
    const length = text.length
    let start = this.#at
    let at = start
    let value = 0
    let count = 0
    while (at < length && count < block.length) {
      const byte = text[at++] ?? 0
      if (byte >= 0x30 && byte <= 0x39) value = (value * 10 + byte - 0x30) | 0
      else if (byte === comma && at - start > 1 && at - start <= maxPlainDigits + 1) {
        block[count++] = value
        value = 0
        start = at
      } else break
    }
    this.#at = start
    return count
  }

  number(): number {
    const first = this.#peek()
    const negative = first === minus
    const start = this.#at
    if (negative) this.#at++
    const digits = this.#at
    let value = 0
    let byte = this.#text[this.#at]
    while (byte !== undefined && byte >= 0x30 && byte <= 0x39) {
      value = value * 10 + byte - 0x30
      byte = this.#text[++this.#at]
    }
    const length = this.#at - digits
    // Fifteen digits are exact in a double; longer ones, fractions and exponents go the slow way.
    if (length > 15 || byte === 0x2e || byte === 0x65 || byte === 0x45) return this.#slow(start)
    if (length === 0) throw this.fail('a number is missing')
    return negative ? -value : value
  }

  string(): string {
    this.#peek()
    this.#skipString()
    const start = this.#stringStart
    const end = this.#at - 1
    if (!this.#isEscaped) return this.#text.toString('utf8', start, end)
    try {
      return String(JSON.parse(this.#text.toString('utf8', start - 1, end + 1)))
    } catch (cause) {
      throw new CaptureError(
        'recording-invalid',
        `The target sent an unusable ${this.#subject}: bad escape in a string (byte ${start}).`,
        { cause },
      )
    }
  }

  /** Passes over the value that comes next, whatever it is, and returns where its text starts. */
  skip(): number {
    const first = this.#peek()
    const start = this.#at
    if (first === quote) this.#skipString()
    else if (first === openBrace || first === openBracket) this.#skipNested()
    else this.#skipPlain()
    return start
  }

  /** Nothing but white space may follow. */
  end(): void {
    this.#skipSpace()
    if (this.#at < this.#text.length) throw this.fail('something follows the profile')
  }

  #skipNested(): void {
    let depth = 0
    do {
      const byte = this.#text[this.#at]
      if (byte === undefined) throw this.fail('the text ends too early')
      if (byte === quote) {
        this.#skipString()
        continue
      }
      if (byte === openBrace || byte === openBracket) depth++
      else if (byte === closeBrace || byte === closeBracket) depth--
      this.#at++
    } while (depth > 0)
  }

  /** A number, true, false or null. */
  #skipPlain(): void {
    const start = this.#at
    for (;;) {
      const byte = this.#text[this.#at] ?? comma
      if (byte <= 0x20 || byte === comma || byte === closeBrace || byte === closeBracket) break
      this.#at++
    }
    const text = this.#text.toString('latin1', start, this.#at)
    if (!/^(?:true|false|null|-?\d[\d.eE+-]*)$/.test(text)) throw this.fail('a value is missing')
  }

  #slow(start: number): number {
    this.#at = start
    this.#skipPlain()
    const value = Number(this.#text.toString('latin1', start, this.#at))
    if (Number.isNaN(value)) throw this.fail('a number is malformed')
    return value
  }

  /** Takes the end of an object or array, or the comma before what comes next; lenient about commas. */
  #isAtEnd(end: number): boolean {
    if (this.#take(end)) return true
    this.#take(comma)
    return false
  }

  /** Takes the next key where it is written as V8 does, the one after the last first: most follow each other. */
  #takeExpected<Name extends string>({ texts }: Keys<Name>): boolean {
    const text = this.#text
    const start = this.#at + (text[this.#at] === comma ? 1 : 0)
    if (text[start] !== quote) return false
    let index = this.#keyIndex
    for (let tries = 0; tries < texts.length; tries++) {
      index = index + 1 < texts.length ? index + 1 : 0
      const expected = texts[index]
      if (!expected || !startsWith(text, start, expected)) continue
      this.#keyIndex = index
      this.#at = start + expected.length
      return true
    }
    return false
  }

  #key<Name extends string>({ names }: Keys<Name>): number {
    return names.map(String).indexOf(this.string())
  }

  /** Passes over a string and notes where its inside starts and whether it holds escapes. */
  #skipString(): void {
    if (this.#text[this.#at] !== quote) throw this.fail('a string is missing')
    this.#stringStart = ++this.#at
    this.#isEscaped = false
    for (;;) {
      const byte = this.#text[this.#at++]
      if (byte === quote) return
      if (byte === undefined) throw this.fail('the text ends within a string')
      if (byte !== backslash) continue
      this.#isEscaped = true
      this.#at++
    }
  }

  #expect(byte: number, what: string): void {
    if (!this.#take(byte)) throw this.fail(`${what} is missing`)
  }

  #take(byte: number): boolean {
    if (this.#peek() !== byte) return false
    this.#at++
    return true
  }

  #peek(): number | undefined {
    this.#skipSpace()
    return this.#text[this.#at]
  }

  #skipSpace(): void {
    for (;;) {
      const byte = this.#text[this.#at]
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return
      this.#at++
    }
  }
}

function startsWith(text: Uint8Array, start: number, expected: Uint8Array): boolean {
  for (let at = 0; at < expected.length; at++) if (text[start + at] !== expected[at]) return false
  return true
}
