/**
 * The few parts of a source map that are wanted, found in its bytes: JSON.parse would build the text of
 * all sources, of all mappings and an array of all names. Nothing here recurses.
 */
import { MapProblem } from './map-problem.ts'

/** The text of a value, quotes and brackets included. */
export interface Span {
  readonly start: number
  readonly end: number
}

const quote = 0x22
const comma = 0x2c
const colon = 0x3a
const openBracket = 0x5b
const backslash = 0x5c
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

/** Names and paths are shorter; longer ones are cut before they are unescaped. */
const maxTextBytes = 4096

const maxShortBytes = 32

/** The clock is read once in so many members or elements: a few milliseconds at most. */
const clockStride = 1 << 15

export class MapJson {
  readonly bytes: Buffer
  readonly #deadlineMs: number
  #untilClock = clockStride

  /** Later than `deadlineMs` (Date.now), every method may throw. */
  constructor(bytes: Buffer, deadlineMs: number) {
    this.bytes = bytes
    this.#deadlineMs = deadlineMs
  }

  /** The whole, without what some servers put before JSON so that browsers do not run it. */
  get whole(): Span {
    const isPrefixed = this.bytes.toString('latin1', 0, 4) === ")]}'"
    const hasMark = this.bytes.toString('hex', 0, 3) === 'efbbbf'
    const start = isPrefixed ? this.bytes.indexOf('\n') + 1 : hasMark ? 3 : 0
    return { start, end: this.bytes.length }
  }

  /** The members with these names of the object there. */
  members<Name extends string>(
    { start }: Span,
    names: readonly Name[],
  ): Readonly<Partial<Record<Name, Span>>> {
    const found: Partial<Record<Name, Span>> = {}
    let at = this.#pass(this.#space(start), openBrace, 'an object')
    at = this.#space(at)
    while (this.bytes[at] !== closeBrace) {
      const keyEnd = this.#stringEnd(at)
      const key = this.bytes.toString('latin1', at + 1, Math.min(keyEnd - 1, at + 64))
      const valueStart = this.#space(this.#pass(this.#space(keyEnd), colon, '":"'))
      const end = this.#valueEnd(valueStart)
      const name = names.find((one) => one === key)
      if (name !== undefined) found[name] = { start: valueStart, end }
      at = this.#separator(end, closeBrace)
    }
    return found
  }

  /** Calls `visit` for each element of the array there. */
  elements({ start }: Span, visit: (element: Span, index: number) => void): void {
    let at = this.#space(this.#pass(this.#space(start), openBracket, 'an array'))
    for (let index = 0; this.bytes[at] !== closeBracket; index++) {
      const end = this.#valueEnd(at)
      visit({ start: at, end }, index)
      at = this.#separator(end, closeBracket)
    }
  }

  /** Undefined where the value is no string. */
  text({ start, end }: Span): string | undefined {
    if (this.bytes[start] !== quote) return undefined
    if (end - start > maxTextBytes) {
      // Without an escape that the cut may have torn.
      const head = this.bytes.toString('utf8', start + 1, start + maxTextBytes)
      return head.replace(/\\.{0,5}$/s, '').replace(/\ufffd$/, '')
    }
    try {
      return String(JSON.parse(this.bytes.toString('utf8', start, end)))
    } catch {
      throw new MapProblem('it holds a malformed string')
    }
  }

  /** Undefined where the value is no number. */
  number({ start, end }: Span): number | undefined {
    const value = Number(this.bytes.toString('latin1', start, Math.min(end, start + 32)))
    return Number.isFinite(value) ? value : undefined
  }

  #space(at: number): number {
    let byte = this.bytes[at]
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = this.bytes[++at]
    return at
  }

  #pass(at: number, byte: number, what: string): number {
    if (this.bytes[at] !== byte) throw this.#malformed(at, what)
    return at + 1
  }

  #separator(at: number, close: number): number {
    if (--this.#untilClock === 0) {
      this.#untilClock = clockStride
      if (Date.now() > this.#deadlineMs) throw new MapProblem('reading it takes too long')
    }
    const next = this.#space(at)
    if (this.bytes[next] === close) return next
    const value = this.#space(this.#pass(next, comma, '","'))
    if (this.bytes[value] === close) throw this.#malformed(value, 'a value')
    return value
  }

  #valueEnd(at: number): number {
    const first = this.bytes[at]
    if (first === quote) return this.#stringEnd(at)
    if (first === openBrace || first === openBracket) return this.#nestedEnd(at)
    let end = at
    for (; end < this.bytes.length; end++) {
      const byte = this.bytes[end] ?? 0
      if (byte === comma || byte === closeBrace || byte === closeBracket || byte <= 0x20) break
    }
    if (end === at || end - at > 32) throw this.#malformed(at, 'a value')
    return end
  }

  #nestedEnd(start: number): number {
    let depth = 0
    for (let at = start; at < this.bytes.length; at++) {
      const byte = this.bytes[at]
      if (byte === quote) at = this.#stringEnd(at) - 1
      else if (byte === openBrace || byte === openBracket) depth++
      else if ((byte === closeBrace || byte === closeBracket) && --depth === 0) return at + 1
    }
    throw this.#malformed(this.bytes.length, 'its end')
  }

  /** A quote with an even number of backslashes before it. */
  #stringEnd(start: number): number {
    if (this.bytes[start] !== quote) throw this.#malformed(start, 'a string')
    const short = this.#shortStringEnd(start)
    if (short !== undefined) return short
    for (let from = start + 1; ; ) {
      const at = this.bytes.indexOf(quote, from)
      if (at < 0) throw this.#malformed(this.bytes.length, 'the end of a string')
      let before = at
      while (before > from && this.bytes[before - 1] === backslash) before--
      if ((at - before) % 2 === 0) return at + 1
      from = at + 1
    }
  }

  /** A call of indexOf takes longer than to look at so few bytes, and names are short. */
  #shortStringEnd(start: number): number | undefined {
    for (let at = start + 1; at <= start + maxShortBytes; at++) {
      const byte = this.bytes[at]
      if (byte === quote) return at + 1
      if (byte === backslash) return undefined
    }
    return undefined
  }

  #malformed(at: number, expected: string): MapProblem {
    return new MapProblem(`it is no valid JSON: ${expected} is missing at byte ${at}`)
  }
}
