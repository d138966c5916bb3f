/**
 * Encodes a profile while it is being built: each call appends protobuf to its table, so a profile
 * never exists as objects. Ids and the string table stay in here.
 * https://github.com/google/pprof/blob/main/proto/profile.proto
 */
import { ByteWriter, varintSize } from './byte-writer.ts'
import { CallerChains } from './caller-chains.ts'
import type { ValueType } from './profile.ts'

export interface ProfileHeader {
  readonly sampleTypes: readonly ValueType[]
  /** The type of `sampleTypes` that is shown when nobody chooses. */
  readonly defaultSampleType: string
  readonly periodType: ValueType
  /** Between two samples, in the unit of `periodType`. */
  readonly period: number
  readonly timeNanos: bigint
  /** 0 for a profile of a moment. */
  readonly durationNanos: number
  /** Path of the target's executable. */
  readonly executable: string
  readonly comments: readonly string[]
}

const functionId = Symbol('function id')
const locationId = Symbol('location id')
const chain = Symbol('chain')
const encoded = Symbol('encoded')

export interface FunctionRef {
  readonly [functionId]: number
}
export interface LocationRef {
  readonly [locationId]: number
}
export interface CallersRef {
  readonly [chain]: number
}
export interface LabelsRef {
  readonly [encoded]: ByteWriter
}

const bottom: CallersRef = { [chain]: -1 }

/** Field numbers of the message Profile, shifted into tags. Wire type 2: length first; 0: varint. */
const bytesTag = (field: number): number => (field << 3) | 2
const varintTag = (field: number): number => field << 3

/** For what is short as a rule; it grows where it is not. */
const smallBytes = 256

export class ProfileBuilder {
  readonly #header: ProfileHeader
  readonly #strings = new Map<string, number>([['', 0]])
  readonly #samples = new ByteWriter()
  readonly #locations = new ByteWriter()
  readonly #functions = new ByteWriter()
  readonly #message = new ByteWriter()
  readonly #packed = new ByteWriter()
  readonly #chains = new CallerChains()
  #functionCount = 0
  #locationCount = 0

  constructor(header: ProfileHeader) {
    this.#header = header
  }

  /** `startLine` is 1-based, 0 where unknown. `system_name` stays empty: pprof would demangle it as C++. */
  addFunction(name: string, file: string, startLine: number): FunctionRef {
    const id = ++this.#functionCount
    const message = this.#begin()
    field(message, 1, id)
    field(message, 2, this.#string(name))
    field(message, 4, this.#string(file))
    field(message, 5, startLine)
    nested(this.#functions, 5, message)
    return { [functionId]: id }
  }

  /** `address` must be unique in the profile and not 0: some readers know stacks by addresses alone. */
  addLocation(address: number, fn: FunctionRef, line: number, column: number): LocationRef {
    const id = ++this.#locationCount
    const inner = this.#packed
    inner.clear()
    field(inner, 1, fn[functionId])
    field(inner, 2, line)
    field(inner, 3, column)
    const message = this.#begin()
    field(message, 1, id)
    field(message, 2, 1)
    field(message, 3, address)
    nested(message, 4, inner)
    nested(this.#locations, 4, message)
    return { [locationId]: id }
  }

  /** Labels that many samples share, encoded once. Values are strings: not every reader takes numbers. */
  labels(labels: Readonly<Record<string, string>>): LabelsRef {
    const all = new ByteWriter(smallBytes)
    for (const [key, value] of Object.entries(labels)) {
      const message = this.#begin()
      field(message, 1, this.#string(key))
      field(message, 2, this.#string(value))
      nested(all, 3, message)
    }
    return { [encoded]: all }
  }

  /** The lower part of a stack, encoded once for all samples on top of it; the topmost caller first. */
  callers(callers: readonly LocationRef[]): CallersRef {
    return callers.reduceRight<CallersRef>((below, caller) => this.caller(caller, below), bottom)
  }

  /** A caller on top of others, for stacks that share their lower parts. */
  caller(caller: LocationRef, below: CallersRef = bottom): CallersRef {
    return { [chain]: this.#chains.add(caller[locationId], below[chain]) }
  }

  /** `values` are in the order of the sample types. */
  addSample(
    leaf: LocationRef,
    callers: CallersRef,
    values: readonly number[],
    labels: LabelsRef,
  ): void {
    // Lengths come first in protobuf, so they are computed: the callers are copied once only.
    const callerChain = callers[chain]
    const locationBytes = varintSize(leaf[locationId]) + this.#chains.sizeOf(callerChain)
    let valueBytes = 0
    for (const value of values) valueBytes += varintSize(value)
    const out = this.#samples
    out.varint(bytesTag(2))
    out.varint(lengthOf(locationBytes) + lengthOf(valueBytes) + labels[encoded].size)
    out.varint(bytesTag(1))
    out.varint(locationBytes)
    out.varint(leaf[locationId])
    this.#chains.write(callerChain, out)
    out.varint(bytesTag(2))
    out.varint(valueBytes)
    for (const value of values) out.varint(value)
    out.appendWriter(labels[encoded])
  }

  /** The profile's bytes, not compressed, tables in the order of profile.proto. Call it once, at the end. */
  encode(): Uint8Array {
    const header = this.#header
    const head = new ByteWriter(smallBytes)
    for (const type of header.sampleTypes) nested(head, 1, this.#valueType(type))
    const mapping = new ByteWriter(smallBytes)
    nested(mapping, 3, this.#mapping(header.executable))

    const tail = new ByteWriter()
    tail.varint(varintTag(9))
    tail.bigVarint(header.timeNanos)
    field(tail, 10, header.durationNanos)
    nested(tail, 11, this.#valueType(header.periodType))
    field(tail, 12, header.period)
    for (const comment of header.comments) field(tail, 13, this.#string(comment))
    field(tail, 14, this.#string(header.defaultSampleType))

    const strings = new ByteWriter()
    for (const text of this.#strings.keys()) {
      strings.varint(bytesTag(6))
      strings.varint(Buffer.byteLength(text))
      strings.text(text)
    }
    const parts = [head, this.#samples, mapping, this.#locations, this.#functions, strings, tail]
    const out = new ByteWriter(parts.reduce((sum, { size }) => sum + size, 0))
    for (const part of parts) out.appendWriter(part)
    return out.bytes()
  }

  #begin(): ByteWriter {
    this.#message.clear()
    return this.#message
  }

  #string(text: string): number {
    const known = this.#strings.get(text)
    if (known !== undefined) return known
    const index = this.#strings.size
    this.#strings.set(text, index)
    return index
  }

  #valueType({ type, unit }: ValueType): ByteWriter {
    const message = this.#begin()
    field(message, 1, this.#string(type))
    field(message, 2, this.#string(unit))
    return message
  }

  /** The one mapping says that everything is symbolized, so pprof looks for no binary and asks no more. */
  #mapping(executable: string): ByteWriter {
    const message = this.#begin()
    field(message, 1, 1)
    field(message, 5, this.#string(executable))
    for (const hasFunctionsFilenamesLines of [7, 8, 9])
      field(message, hasFunctionsFilenamesLines, 1)
    return message
  }
}

/** A varint field; 0 is protobuf's default and is left out. */
function field(out: ByteWriter, number: number, value: number): void {
  if (value === 0) return
  out.varint(varintTag(number))
  out.varint(value)
}

function nested(out: ByteWriter, number: number, message: ByteWriter): void {
  out.varint(bytesTag(number))
  out.varint(message.size)
  out.appendWriter(message)
}

/** Of a nested field, its tag and its length included. */
function lengthOf(sizeBytes: number): number {
  return 1 + varintSize(sizeBytes) + sizeBytes
}
