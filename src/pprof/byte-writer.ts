/** Bytes written one after another into one growing buffer, for encoders that build no objects. */
import { CaptureError } from '../errors.ts'

/**
 * No answer is larger than this, so a target that sends an absurd call tree cannot fill our memory.
 * A real profile of 200,000 nodes takes some 15 MB.
 */
const maxSizeBytes = 256 * 1024 * 1024

const initialSizeBytes = 16 * 1024

/** From here on one native copy is quicker than a loop. */
const fewBytes = 48

export class ByteWriter {
  #bytes: Buffer
  #size = 0

  /** With room for so many bytes at first. */
  constructor(sizeBytes = initialSizeBytes) {
    checkSize(sizeBytes)
    this.#bytes = Buffer.allocUnsafe(sizeBytes)
  }

  get size(): number {
    return this.#size
  }

  /** What was written; shares memory with the writer, so write no more after it. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#size)
  }

  /** Leaves room, to be filled by `fill`. */
  skip(sizeBytes: number): void {
    this.#reserve(sizeBytes)
    this.#size += sizeBytes
  }

  /** Writes what another writer holds over what is at `start`. */
  fill(start: number, other: ByteWriter): void {
    other.#bytes.copy(this.#bytes, start, 0, other.#size)
  }

  clear(): void {
    this.#size = 0
  }

  /** A whole number as protobuf's varint; negative ones as two's complement of 64 bits. */
  varint(value: number): void {
    this.#reserve(10)
    if (value < 0) {
      this.bigVarint(BigInt(value))
      return
    }
    const bytes = this.#bytes
    let at = this.#size
    let rest = value
    while (rest > 0x7fffffff) {
      bytes[at++] = (rest & 0x7f) | 0x80
      rest = Math.floor(rest / 128)
    }
    while (rest > 0x7f) {
      bytes[at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    bytes[at++] = rest
    this.#size = at
  }

  /** Most of protobuf is whole numbers one after another. One loop for all of them: V8 compiles it once. */
  varints(values: readonly number[]): void {
    for (let index = 0; index < values.length; index++) this.varint(values[index] ?? 0)
  }

  bigVarint(value: bigint): void {
    this.#reserve(10)
    let rest = BigInt.asUintN(64, value)
    while (rest > 0x7fn) {
      this.#bytes[this.#size++] = Number(rest & 0x7fn) | 0x80
      rest >>= 7n
    }
    this.#bytes[this.#size++] = Number(rest)
  }

  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#size)
    this.#size += bytes.length
  }

  /** Again what was written there. */
  repeat(start: number, size: number): void {
    this.#reserve(size)
    const [bytes, end] = [this.#bytes, this.#size]
    if (size < fewBytes) for (let at = 0; at < size; at++) bytes[end + at] = bytes[start + at] ?? 0
    else bytes.copyWithin(end, start, start + size)
    this.#size += size
  }

  /** What another writer holds, without the view that `bytes()` makes. */
  appendWriter(other: ByteWriter): void {
    const size = other.#size
    this.#reserve(size)
    if (size < fewBytes) {
      const [from, to, start] = [other.#bytes, this.#bytes, this.#size]
      for (let at = 0; at < size; at++) to[start + at] = from[at] ?? 0
    } else other.#bytes.copy(this.#bytes, this.#size, 0, size)
    this.#size += size
  }

  /** Text as UTF-8; a lone surrogate becomes U+FFFD. */
  text(text: string): void {
    this.#reserve(text.length * 3)
    this.#size += this.#bytes.write(text, this.#size)
  }

  #reserve(sizeBytes: number): void {
    const needed = this.#size + sizeBytes
    if (needed <= this.#bytes.length) return
    checkSize(needed)
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2))
    this.#bytes.copy(grown, 0, 0, this.#size)
    this.#bytes = grown
  }
}

function checkSize(sizeBytes: number): void {
  if (sizeBytes <= maxSizeBytes) return
  throw new CaptureError(
    'recording-invalid',
    `The profile would be larger than ${maxSizeBytes / 1024 / 1024} MiB; record for a shorter time or at a lower rate.`,
  )
}

/** How many bytes `varints` writes for them. */
export function varintsSize(values: readonly number[]): number {
  let size = 0
  for (let index = 0; index < values.length; index++) size += varintSize(values[index] ?? 0)
  return size
}

/** How many bytes `varint` writes for it. */
export function varintSize(value: number): number {
  if (value < 0) return 10
  let size = 1
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) size++
  return size
}
