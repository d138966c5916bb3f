/** The suspended functions found so far: columns rather than objects, for there may be millions. */

/** In the order of the kinds below. */
export type SuspendedKind = 'async-function' | 'async-generator' | 'generator'
export const suspendedKinds: readonly SuspendedKind[] = [
  'async-function',
  'async-generator',
  'generator',
]

export class Suspended {
  #capacity = 1024
  length = 0
  /** Address of the object. */
  address = new Float64Array(this.#capacity)
  /** Address of its function. */
  function = new Float64Array(this.#capacity)
  /** The number of the suspend point that it stands at. */
  continuation = new Int32Array(this.#capacity)
  /** Index into suspendedKinds. */
  kind = new Uint8Array(this.#capacity)
  /** Index of the isolate. */
  isolate = new Uint8Array(this.#capacity)
  /** A copy of another one, which the collector moved meanwhile, or no suspended function at all. */
  isCopy = new Uint8Array(this.#capacity)
  /** How many were found by the scan, in ascending order of address; the others only by pointers. */
  #scanned = 0
  readonly #others = new Map<number, number>()

  add(address: number, fn: number, continuation: number, kind: number, isolate: number): number {
    if (this.length === this.#capacity) this.#grow()
    const index = this.length++
    this.address[index] = address
    this.function[index] = fn
    this.continuation[index] = continuation
    this.kind[index] = kind
    this.isolate[index] = isolate
    if (this.#scanned > 0) this.#others.set(address, index)
    return index
  }

  /** From now on, what is added need not be in ascending order. */
  endScan(): void {
    this.#scanned = this.length
  }

  /** A name for another address of the same object. */
  alias(address: number, index: number): void {
    this.#others.set(address, index)
  }

  /** -1 where there is none at that address. */
  indexOf(address: number): number {
    const other = this.#others.get(address)
    if (other !== undefined) return other
    let low = 0
    let high = this.#scanned - 1
    while (low <= high) {
      const middle = (low + high) >>> 1
      const found = this.address[middle] ?? 0
      if (found === address) return middle
      if (found < address) low = middle + 1
      else high = middle - 1
    }
    return -1
  }

  #grow(): void {
    this.#capacity *= 2
    this.address = copied(new Float64Array(this.#capacity), this.address)
    this.function = copied(new Float64Array(this.#capacity), this.function)
    this.continuation = copied(new Int32Array(this.#capacity), this.continuation)
    this.kind = copied(new Uint8Array(this.#capacity), this.kind)
    this.isolate = copied(new Uint8Array(this.#capacity), this.isolate)
    this.isCopy = copied(new Uint8Array(this.#capacity), this.isCopy)
  }
}

function copied<T extends Float64Array | Int32Array | Uint8Array>(larger: T, column: T): T {
  larger.set(column)
  return larger
}
