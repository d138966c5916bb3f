/**
 * The lower parts of stacks as protobuf: location ids as varints, the topmost caller first. A chain of
 * callers ends in the bytes of the chain below it, so what was written once is copied from there.
 */
import { type ByteWriter, varintSize } from './byte-writer.ts'

/** A chain is known by its index; -1 is the one without callers. */
export class CallerChains {
  readonly #locationIds: number[] = []
  readonly #below: number[] = []
  readonly #sizes: number[] = []
  /** Where its bytes begin in what was written; -1 as long as they are not there. */
  readonly #starts: number[] = []

  add(locationId: number, below: number): number {
    this.#locationIds.push(locationId)
    this.#below.push(below)
    this.#starts.push(-1)
    return this.#sizes.push(varintSize(locationId) + this.sizeOf(below)) - 1
  }

  /** In bytes. */
  sizeOf(chain: number): number {
    return this.#sizes[chain] ?? 0
  }

  /** `out` must be the same every time, and never be cleared. */
  write(chain: number, out: ByteWriter): void {
    let at = chain
    for (; at >= 0 && this.#starts[at] === -1; at = this.#below[at] ?? -1) {
      this.#starts[at] = out.size
      out.varint(this.#locationIds[at] ?? 0)
    }
    if (at >= 0) out.repeat(this.#starts[at] ?? 0, this.sizeOf(at))
  }
}
