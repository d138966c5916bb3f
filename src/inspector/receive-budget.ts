/**
 * How many bytes of unfinished messages may be held, of all targets together. One message is bounded by
 * itself; this is for many targets that send the largest they may at the same moment.
 */
export class ReceiveBudget {
  /** May be changed at any time. */
  maxBytes: number
  #bytes = 0

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Whether there is room for them; they are counted either way. */
  take(sizeBytes: number): boolean {
    this.#bytes += sizeBytes
    return this.#bytes <= this.maxBytes
  }

  give(sizeBytes: number): void {
    this.#bytes -= sizeBytes
  }
}
