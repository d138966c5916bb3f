/** A fixed number of bits, an eighth of a byte each. */
export class BitSet {
  readonly #bytes: Uint8Array

  constructor(size: number) {
    this.#bytes = new Uint8Array(Math.ceil(size / 8))
  }

  /** False beyond the end. */
  has(index: number): boolean {
    return (((this.#bytes[index >>> 3] ?? 0) >>> (index & 7)) & 1) === 1
  }

  add(index: number): void {
    const at = index >>> 3
    this.#bytes[at] = (this.#bytes[at] ?? 0) | (1 << (index & 7))
  }
}
