/** A list of 32-bit integers that grows: 4 bytes an element, where an array of numbers takes up to 16. */
export class IntList {
  #items = new Int32Array(256)
  #length = 0

  get length(): number {
    return this.#length
  }

  push(item: number): void {
    if (this.#length === this.#items.length) {
      const grown = new Int32Array(this.#length * 2)
      grown.set(this.#items)
      this.#items = grown
    }
    this.#items[this.#length++] = item
  }

  /** The item at an index within the list. */
  at(index: number): number {
    return this.#items[index] ?? 0
  }

  /** The items so far; shares memory with the list. */
  items(): Int32Array {
    return this.#items.subarray(0, this.#length)
  }
}
