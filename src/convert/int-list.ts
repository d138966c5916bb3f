/** A list of 32-bit integers that grows: 4 bytes an element, where an array of numbers takes up to 16. */
export class IntList {
  #items: Int32Array<ArrayBuffer>
  #length = 0

  /** Who knows about how many there will be spares copies: of a list that grows, two are held for a while. */
  constructor(capacity = 256) {
    this.#items = new Int32Array(capacity)
  }

  get length(): number {
    return this.#length
  }

  push(item: number): void {
    if (this.#length === this.#items.length) this.#grow(this.#length + 1)
    this.#items[this.#length++] = item
  }

  /** As many as that of a block of items. */
  append(block: Int32Array, count: number): void {
    if (this.#length + count > this.#items.length) this.#grow(this.#length + count)
    this.#items.set(block.subarray(0, count), this.#length)
    this.#length += count
  }

  /** Forgets the items after so many. */
  cut(length: number): void {
    this.#length = Math.min(length, this.#length)
  }

  /** The item at an index within the list. */
  at(index: number): number {
    return this.#items[index] ?? 0
  }

  /** The items so far; shares memory with the list. */
  items(): Int32Array {
    return this.#items.subarray(0, this.#length)
  }

  /** A function of its own because it is rare: V8 then compiles less wherever `push` is. */
  #grow(length: number): void {
    const grown = new Int32Array(Math.max(length, this.#items.length * 2))
    grown.set(this.#items)
    this.#items = grown
  }
}
