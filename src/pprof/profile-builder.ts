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

/** The most that one takes: two indexes of strings, their tags, and the message's tag and length. */
const sampleTypeBytes = 2 * (1 + 5) + 2

/** For what is short as a rule; it grows where it is not. */
const smallBytes = 256

export class ProfileBuilder {
  readonly #header: ProfileHeader
  readonly #strings = new Map<string, number>([['', 0]])
  /** Begins with room for the sample types: of a large profile, samples are most of it, and are not copied. */
  readonly #samples: ByteWriter
  readonly #locations = new ByteWriter()
  readonly #functions = new ByteWriter()
  readonly #chains = new CallerChains()
  /** Messages on their way into a table, which begins with their length. */
  readonly #message = new ByteWriter(smallBytes)
  readonly #line = new ByteWriter(smallBytes)
  #functionCount = 0
  #locationCount = 0

  /** `expectedBytes`: at most about so large; it may be larger. */
  constructor(header: ProfileHeader, expectedBytes?: number) {
    this.#header = header
    this.#samples = new ByteWriter(expectedBytes)
    this.#samples.skip(header.sampleTypes.length * sampleTypeBytes)
  }

  /** `startLine` is 1-based, 0 where unknown. `system_name` stays empty: pprof would demangle it as C++. */
  addFunction(name: string, file: string, startLine: number): FunctionRef {
    const id = ++this.#functionCount
    const message = this.#message
    message.clear()
    message.field(1, id)
    message.field(2, this.#string(name))
    message.field(4, this.#string(file))
    message.field(5, startLine)
    this.#functions.message(5, message)
    return { [functionId]: id }
  }

  /** `address` must be unique in the profile and not 0: some readers know stacks by addresses alone. */
  addLocation(address: number, fn: FunctionRef, line: number, column: number): LocationRef {
    const id = ++this.#locationCount
    const lineOfFunction = this.#line
    lineOfFunction.clear()
    lineOfFunction.field(1, fn[functionId])
    lineOfFunction.field(2, line)
    lineOfFunction.field(3, column)
    const message = this.#message
    message.clear()
    message.field(1, id)
    message.field(2, 1)
    message.field(3, address)
    message.message(4, lineOfFunction)
    this.#locations.message(4, message)
    return { [locationId]: id }
  }

  /** Labels that many samples share, encoded once. Values are strings: not every reader takes numbers. */
  labels(labels: Readonly<Record<string, string>>): LabelsRef {
    const all = new ByteWriter(smallBytes)
    const label = new ByteWriter(smallBytes)
    for (const [key, value] of Object.entries(labels)) {
      label.clear()
      label.field(1, this.#string(key))
      label.field(2, this.#string(value))
      all.message(3, label)
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
    let valueBytes = 0
    for (let at = 0; at < values.length; at++) valueBytes += varintSize(values[at] ?? 0)
    const labelBytes = labels[encoded].size
    const sizeBytes = stackBytes + 1 + varintSize(valueBytes) + valueBytes + labelBytes
    const out = this.#samples
    out.begin(2, sizeBytes)
    out.begin(1, locationBytes)
    out.varint(leafId)
    this.#chains.write(callerChain, out)
    out.begin(2, valueBytes)
    for (let at = 0; at < values.length; at++) out.varint(values[at] ?? 0)
    out.appendWriter(labels[encoded])
  }

  /** The profile's bytes, not compressed, tables in the order of profile.proto. Call it once, at the end. */
  encode(): Uint8Array {
    const header = this.#header
    const head = new ByteWriter(smallBytes)
    for (const type of header.sampleTypes) head.message(1, this.#valueType(type))
    const mapping = new ByteWriter(smallBytes)
    mapping.message(3, this.#mapping(header.executable))

    const tail = new ByteWriter(smallBytes)
    tail.varint(9 << 3)
    tail.bigVarint(header.timeNanos)
    tail.field(10, header.durationNanos)
    tail.message(11, this.#valueType(header.periodType))
    tail.field(12, header.period)
    for (const comment of header.comments) tail.field(13, this.#string(comment))
    tail.field(14, this.#string(header.defaultSampleType))

    const strings = new ByteWriter()
    for (const text of this.#strings.keys()) {
      strings.begin(6, Buffer.byteLength(text))
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

  #valueType({ type, unit }: ValueType): ByteWriter {
    const message = new ByteWriter(smallBytes)
    message.field(1, this.#string(type))
    message.field(2, this.#string(unit))
    return message
  }

  /** The one mapping says that everything is symbolized, so pprof looks for no binary and asks no more. */
  #mapping(executable: string): ByteWriter {
    const message = new ByteWriter(smallBytes)
    message.field(1, 1)
    message.field(5, this.#string(executable))
    for (const hasFunctionsFilenamesLines of [7, 8, 9]) message.field(hasFunctionsFilenamesLines, 1)
    return message
  }
}
