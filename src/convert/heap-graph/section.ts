/** Parts of the JSON text, each read in pieces as the bytes come. */
import { invalidSnapshot } from './invalid-snapshot.ts'

export interface Section {
  /** Reads from `at` on and returns where it stopped: after its last byte, or at the chunk's end. */
  read(chunk: Uint8Array, at: number): number
  readonly isDone: boolean
}

export const quote = 0x22
export const comma = 0x2c
export const minus = 0x2d
export const colon = 0x3a
export const openBracket = 0x5b
export const backslash = 0x5c
export const closeBracket = 0x5d
export const openBrace = 0x7b
export const closeBrace = 0x7d

export function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

/** A value of any kind: passed over or, up to `keepBytes`, kept as text. */
export class AnyValue implements Section {
  isDone = false
  readonly #keepBytes: number
  readonly #kept: Uint8Array[] = []
  #keptBytes = 0
  #depth = 0
  #isInString = false
  #isEscaped = false

  constructor(keepBytes = 0) {
    this.#keepBytes = keepBytes
  }

  get text(): string {
    return Buffer.concat(this.#kept).toString('utf8')
  }

  read(chunk: Uint8Array, start: number): number {
    let at = start
    while (at < chunk.length && !this.isDone) {
      if (!this.#take(chunk[at] ?? 0)) break
      at++
    }
    if (this.#keepBytes > 0) this.#keep(chunk.slice(start, at))
    return at
  }

  /** False for the byte after a number, true, false or null, which belongs to what is around it. */
  #take(byte: number): boolean {
    if (this.#isInString) {
      if (this.#isEscaped) this.#isEscaped = false
      else if (byte === backslash) this.#isEscaped = true
      else if (byte === quote) this.#isInString = false
      this.isDone = !this.#isInString && this.#depth === 0
      return true
    }
    const isClosing = byte === closeBrace || byte === closeBracket
    if (this.#depth === 0 && (isClosing || byte === comma)) {
      this.isDone = true
      return false
    }
    if (byte === quote) this.#isInString = true
    else if (byte === openBrace || byte === openBracket) this.#depth++
    else if (isClosing) this.isDone = --this.#depth === 0
    return true
  }

  #keep(bytes: Uint8Array): void {
    this.#keptBytes += bytes.length
    if (this.#keptBytes > this.#keepBytes) {
      throw invalidSnapshot(`its header is larger than ${this.#keepBytes} bytes`)
    }
    this.#kept.push(bytes)
  }
}
