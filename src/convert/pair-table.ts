/** Numbers pairs in order of appearance: a hash table of integers, a fifth of a Map's memory. */
export class PairTable {
  readonly #firsts: Int32Array
  readonly #seconds: Int32Array
  readonly #slots: Int32Array
  size = 0

  /** `firsts` and `seconds` receive the pairs. */
  constructor(capacity: number, firsts: Int32Array, seconds: Int32Array) {
    this.#firsts = firsts
    this.#seconds = seconds
    // At most half full, so that probing ends soon.
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(capacity * 2 + 2))).fill(-1)
  }

  indexOf(first: number, second: number): number {
    const mask = this.#slots.length - 1
    let mixed = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b)
    mixed ^= mixed >>> 15
    let slot = Math.imul(mixed, 0x2c1b3c6d) & mask
    for (;;) {
      const index = this.#slots[slot] ?? -1
      if (index < 0) break
      if (this.#firsts[index] === first && this.#seconds[index] === second) return index
      slot = (slot + 1) & mask
    }
    this.#slots[slot] = this.size
    this.#firsts[this.size] = first
    this.#seconds[this.size] = second
    return this.size++
  }
}
