/**
 * Encodes a profile while it is being built: each call appends protobuf to its table, so a profile
 * never exists as objects. Ids and the string table stay in here.
 * https://github.com/google/pprof/blob/main/proto/profile.proto
 */
import { ByteWriter, varintSize, varintsSize } from './byte-writer.ts'
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

/** The most that one takes: two indexes of strings, their tags, and the message's tag and length. */
const sampleTypeBytes = 2 * (1 + 5) + 2

/** For what is short as a rule; it grows where it is not. */
const smallBytes = 256

export class ProfileBuilder {
  readonly #header: ProfileHeader
  readonly #strings = new Map<string, number>([['', 0]])
  /** Begins with room for the sample types: of a large profile, samples are most of it, and are not copied. */
  readonly #samples = new ByteWriter()
  readonly #locations = new ByteWriter()
  readonly #functions = new ByteWriter()
  readonly #chains = new CallerChains()
  #functionCount = 0
  #locationCount = 0

  constructor(header: ProfileHeader) {
    this.#header = header
    this.#samples.skip(header.sampleTypes.length * sampleTypeBytes)
  }

  /** `startLine` is 1-based, 0 where unknown. `system_name` stays empty: pprof would demangle it as C++. */
  addFunction(name: string, file: string, startLine: number): FunctionRef {
    const id = ++this.#functionCount
    const fields: number[] = []
    field(fields, 1, id)
    field(fields, 2, this.#string(name))
    field(fields, 4, this.#string(file))
    field(fields, 5, startLine)
    message(this.#functions, 5, fields)
    return { [functionId]: id }
  }

  /** `address` must be unique in the profile and not 0: some readers know stacks by addresses alone. */
  addLocation(address: number, fn: FunctionRef, line: number, column: number): LocationRef {
    const id = ++this.#locationCount
    const lineFields: number[] = []
    field(lineFields, 1, fn[functionId])
    field(lineFields, 2, line)
    field(lineFields, 3, column)
    const fields: number[] = []
    field(fields, 1, id)
    field(fields, 2, 1)
    field(fields, 3, address)
    fields.push(bytesTag(4), varintsSize(lineFields), ...lineFields)
    message(this.#locations, 4, fields)
    return { [locationId]: id }
  }

  /** Labels that many samples share, encoded once. Values are strings: not every reader takes numbers. */
  labels(labels: Readonly<Record<string, string>>): LabelsRef {
    const all = new ByteWriter(smallBytes)
    for (const [key, value] of Object.entries(labels)) {
      const fields: number[] = []
      field(fields, 1, this.#string(key))
      field(fields, 2, this.#string(value))
      message(all, 3, fields)
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
    // Lengths come first in protobuf, so they are computed: nothing is encoded in one place and copied.
    const callerChain = callers[chain]
    const leafId = leaf[locationId]
    const locationBytes = varintSize(leafId) + this.#chains.sizeOf(callerChain)
    const stackBytes = 1 + varintSize(locationBytes) + locationBytes
    const valueBytes = varintsSize(values)
    const labelBytes = labels[encoded].size
    const sizeBytes = stackBytes + 1 + varintSize(valueBytes) + valueBytes + labelBytes
    const out = this.#samples
    out.varints([bytesTag(2), sizeBytes, bytesTag(1), locationBytes, leafId])
    this.#chains.write(callerChain, out)
    out.varints([bytesTag(2), valueBytes, ...values])
    out.appendWriter(labels[encoded])
  }

  /** The profile's bytes, not compressed, tables in the order of profile.proto. Call it once, at the end. */
  encode(): Uint8Array {
    const header = this.#header
    const head = new ByteWriter(smallBytes)
    for (const type of header.sampleTypes) message(head, 1, this.#valueType(type))
    const mapping = new ByteWriter(smallBytes)
    message(mapping, 3, this.#mapping(header.executable))

    const tail = new ByteWriter(smallBytes)
    tail.varint(varintTag(9))
    tail.bigVarint(header.timeNanos)
    const fields: number[] = []
    field(fields, 10, header.durationNanos)
    tail.varints(fields)
    message(tail, 11, this.#valueType(header.periodType))
    const last: number[] = []
    field(last, 12, header.period)
    for (const comment of header.comments) field(last, 13, this.#string(comment))
    field(last, 14, this.#string(header.defaultSampleType))
    tail.varints(last)

    const strings = new ByteWriter()
    for (const text of this.#strings.keys()) {
      strings.varint(bytesTag(6))
      strings.varint(Buffer.byteLength(text))
      strings.text(text)
    }
    const out = this.#samples
    const start = header.sampleTypes.length * sampleTypeBytes - head.size
    out.fill(start, head)
    const parts = [mapping, this.#locations, this.#functions, strings, tail]
    for (const part of parts) out.appendWriter(part)
    return out.bytes().subarray(start)
  }

  #string(text: string): number {
    const known = this.#strings.get(text)
    if (known !== undefined) return known
    const index = this.#strings.size
    this.#strings.set(text, index)
    return index
  }

  #valueType({ type, unit }: ValueType): readonly number[] {
    const fields: number[] = []
    field(fields, 1, this.#string(type))
    field(fields, 2, this.#string(unit))
    return fields
  }

  /** The one mapping says that everything is symbolized, so pprof looks for no binary and asks no more. */
  #mapping(executable: string): readonly number[] {
    const fields: number[] = []
    field(fields, 1, 1)
    field(fields, 5, this.#string(executable))
    for (const hasFunctionsFilenamesLines of [7, 8, 9]) field(fields, hasFunctionsFilenamesLines, 1)
    return fields
  }
}

/** A field that is a whole number; 0 is protobuf's default and is left out. */
function field(fields: number[], number: number, value: number): void {
  if (value !== 0) fields.push(varintTag(number), value)
}

/** A field that is a message of such fields. */
function message(out: ByteWriter, number: number, fields: readonly number[]): void {
  out.varint(bytesTag(number))
  out.varint(varintsSize(fields))
  out.varints(fields)
}
