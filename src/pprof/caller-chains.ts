/**
 * The lower parts of stacks as protobuf: location ids as varints, the topmost caller first. A chain of
 * callers ends in the bytes of the chain below it, so what was written once is copied from there.
 */
import { type ByteWriter, varintSize } from './byte-writer.ts'
import { doubled } from './doubled.ts'

/** Columns, which grow together. */
const initialCapacity = 256

/** A chain is known by its index; -1 is the one without callers. */
export class CallerChains {
  #locationIds = new Int32Array(initialCapacity)
  #below = new Int32Array(initialCapacity)
  #sizes = new Int32Array(initialCapacity)
  /** Where its bytes begin in what was written; -1 as long as they are not there. */
  #starts = new Int32Array(initialCapacity)
  #count = 0

  add(locationId: number, below: number): number {
    const chain = this.#count++
    if (chain === this.#starts.length) this.#grow()
    this.#locationIds[chain] = locationId
    this.#below[chain] = below
    this.#starts[chain] = -1
    this.#sizes[chain] = varintSize(locationId) + this.sizeOf(below)
    return chain
  }

  /** In bytes. */
  sizeOf(chain: number): number {
    return chain < 0 ? 0 : (this.#sizes[chain] ?? 0)
  }

  /** `out` must be the same every time, and never be cleared. */
  write(chain: number, out: ByteWriter): void {
    const starts = this.#starts
    let at = chain
    while (at >= 0 && starts[at] === -1) {
      starts[at] = out.size
      out.varint(this.#locationIds[at] ?? 0)
      at = this.#below[at] ?? -1
    }
    if (at >= 0) out.repeat(starts[at] ?? 0, this.sizeOf(at))
  }

  #grow(): void {
    this.#locationIds = doubled(this.#locationIds)
    this.#below = doubled(this.#below)
    this.#sizes = doubled(this.#sizes)
    this.#starts = doubled(this.#starts)
  }
}
