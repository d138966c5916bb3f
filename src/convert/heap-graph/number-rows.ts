/** An array of whole numbers, `fieldCount` of them a row; nearly all of a snapshot's bytes are in two such arrays. */
import { invalidSnapshot } from './invalid-snapshot.ts'
import { closeBracket, comma, isSpace, minus, openBracket, type Section } from './section.ts'

/** V8 writes no number that a double does not hold; 2^53 more digits would only be rounded. */
const maxNumber = Number.MAX_SAFE_INTEGER

export class NumberRows implements Section {
  isDone = false
  readonly #name: string
  readonly #row: Float64Array
  readonly #store: (row: Float64Array) => void
  #field = 0
  #value = 0
  #isStarted = false
  #isInNumber = false
  #isNegative = false

  /** `store` gets the same array for every row. */
  constructor(name: string, fieldCount: number, store: (row: Float64Array) => void) {
    this.#name = name
    this.#row = new Float64Array(fieldCount)
    this.#store = store
  }

  read(chunk: Uint8Array, start: number): number {
    let at = start
    if (!this.#isStarted) {
      if (chunk[at] !== openBracket) throw this.#fail('is no array')
      this.#isStarted = true
      at++
    }
    const end = chunk.length
    let value = this.#value
    let isInNumber = this.#isInNumber
    for (; at < end; at++) {
      const byte = chunk[at] ?? 0
      const digit = byte - 0x30
      if (digit >= 0 && digit <= 9) {
        value = value * 10 + digit
        isInNumber = true
        continue
      }
      if (isInNumber) {
        this.#add(value)
        value = 0
        isInNumber = false
      }
      if (byte === comma) continue
      if (byte === closeBracket) {
        this.#end()
        at++
        break
      }
      if (byte === minus && !this.#isNegative) this.#isNegative = true
      else if (!isSpace(byte)) throw this.#fail('holds something that is no whole number')
    }
    this.#value = value
    this.#isInNumber = isInNumber
    return at
  }

  #add(value: number): void {
    if (value > maxNumber) throw this.#fail('holds a number that is too large')
    this.#row[this.#field++] = this.#isNegative ? -value : value
    this.#isNegative = false
    if (this.#field < this.#row.length) return
    this.#field = 0
    this.#store(this.#row)
  }

  #end(): void {
    if (this.#field !== 0 || this.#isNegative) throw this.#fail('ends within a row')
    this.isDone = true
  }

  #fail(problem: string): Error {
    return invalidSnapshot(`${this.#name} ${problem}`)
  }
}
