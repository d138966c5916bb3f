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

const maxVarintBytes = 10

/** Up to it V8 computes with 32-bit integers. */
const maxInt = 2 ** 31 - 1

export class ByteWriter {
  #bytes: Buffer
  #size = 0

  /**
   * With room for so many bytes at first. Room that is not used takes no memory; to grow takes twice that
   * of what was written.
   */
  constructor(sizeBytes = initialSizeBytes) {
    this.#bytes = Buffer.allocUnsafe(Math.min(sizeBytes, maxSizeBytes))
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
    if (value < 0 || value > maxInt) {
      this.#longVarint(value)
      return
    }
    this.#reserve(maxVarintBytes)
    const bytes = this.#bytes
    let at = this.#size
    let rest = value
    while (rest > 0x7f) {
      bytes[at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    bytes[at++] = rest
    this.#size = at
  }

  /** A field that is a whole number; 0 is protobuf's default and is left out. */
  field(number: number, value: number): void {
    if (value === 0) return
    this.varint(number << 3)
    this.varint(value)
  }

  /** Begins a field that is a message, text or packed numbers, of so many bytes that are written next. */
  begin(number: number, sizeBytes: number): void {
    this.varint((number << 3) | 2)
    this.varint(sizeBytes)
  }

  /** A field that is a message of what another writer holds. */
  message(number: number, content: ByteWriter): void {
    this.begin(number, content.size)
    this.appendWriter(content)
  }

  bigVarint(value: bigint): void {
    this.#reserve(maxVarintBytes)
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

  /** What is no 31-bit number: 28 bits of it first, which are four bytes. */
  #longVarint(value: number): void {
    if (value < 0) {
      this.bigVarint(BigInt(value))
      return
    }
    this.#reserve(maxVarintBytes)
    const low = value % 2 ** 28
    for (let shift = 0; shift < 28; shift += 7) {
      this.#bytes[this.#size++] = ((low >>> shift) & 0x7f) | 0x80
    }
    this.varint(Math.floor(value / 2 ** 28))
  }

  #reserve(sizeBytes: number): void {
    if (this.#size + sizeBytes > this.#bytes.length) this.#grow(this.#size + sizeBytes)
  }

  /** A function of its own because it is rare: V8 then compiles less wherever something is written. */
  #grow(neededBytes: number): void {
    checkSize(neededBytes)
    const grown = Buffer.allocUnsafe(Math.max(neededBytes, this.#bytes.length * 2))
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

/** How many bytes `varint` writes for it. */
export function varintSize(value: number): number {
  if (value < 0) return maxVarintBytes
  if (value > maxInt) return 4 + varintSize(Math.floor(value / 2 ** 28))
  // Seven bits a byte, of as many as the number has.
  return Math.floor((38 - Math.clz32(value | 1)) / 7)
}
