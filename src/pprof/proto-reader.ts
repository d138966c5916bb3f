/** The wire format of protobuf, read: https://protobuf.dev/programming-guides/encoding/ */

/** The fields of one message, by number. Absent numbers are 0, as protobuf has it. */
export class ProtoFields {
  readonly #parts = new Map<number, ProtoReader[]>()
  readonly #values = new Map<number, bigint[]>()

  addPart(field: number, part: ProtoReader): void {
    const parts = this.#parts.get(field)
    if (parts) parts.push(part)
    else this.#parts.set(field, [part])
  }

  addValue(field: number, value: bigint): void {
    const values = this.#values.get(field)
    if (values) values.push(value)
    else this.#values.set(field, [value])
  }

  /** Every message or string of that field. */
  all(field: number): readonly ProtoReader[] {
    return this.#parts.get(field) ?? []
  }

  /** Every number of a repeated field, packed or not. */
  numbers(field: number): readonly number[] {
    const packed = this.all(field).flatMap((part) => part.packed())
    return [...packed, ...(this.#values.get(field) ?? []).map(Number)]
  }

  number(field: number): number {
    return Number(this.bigint(field))
  }

  bigint(field: number): bigint {
    return this.#values.get(field)?.at(-1) ?? 0n
  }
}

export class ProtoReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  fields(): ProtoFields {
    const fields = new ProtoFields()
    this.#at = 0
    while (this.#at < this.#bytes.length) {
      const tag = Number(this.#varint())
      const field = Math.floor(tag / 8)
      if (tag % 8 === 0) fields.addValue(field, this.#varint())
      else if (tag % 8 === 2) fields.addPart(field, this.#part())
      else throw new RangeError(`wire type ${tag % 8} does not occur in a profile`)
    }
    return fields
  }

  text(): string {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.#bytes)
  }

  packed(): readonly number[] {
    const numbers: number[] = []
    this.#at = 0
    while (this.#at < this.#bytes.length) numbers.push(Number(this.#varint()))
    return numbers
  }

  #part(): ProtoReader {
    const end = Number(this.#varint()) + this.#at
    if (end < this.#at || end > this.#bytes.length) throw new RangeError('truncated message')
    const part = new ProtoReader(this.#bytes.subarray(this.#at, end))
    this.#at = end
    return part
  }

  /** Most are short, so BigInt comes in only where 32 bits do not suffice. */
  #varint(): bigint {
    let low = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte()
      low |= (byte & 0x7f) << shift
      if (byte < 0x80) return BigInt(low)
    }
    let value = BigInt(low)
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.#byte()
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asIntN(64, value)
    }
    throw new RangeError('varint longer than 10 bytes')
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++]
    if (byte === undefined) throw new RangeError('truncated varint')
    return byte
  }
}
