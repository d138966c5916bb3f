/** Reads pprof's protobuf back, for tests, check-valid and profiles made out of other profiles. */
import { gunzipSync } from 'node:zlib'
import type {
  Label,
  Line,
  Location,
  Mapping,
  Profile,
  ProfileFunction,
  Sample,
  ValueType,
} from './profile.ts'
import { ProtoReader } from './proto-reader.ts'

/** Takes gzipped and plain bytes. Throws RangeError where they are no protobuf message. */
export function decodeProfile(bytes: Uint8Array): Profile {
  const reader = new ProtoReader(isGzip(bytes) ? gunzipSync(bytes) : bytes)
  const raw = reader.fields()
  const stringTable = raw.all(6).map((part) => part.text())
  const text = (index: number): string => stringTable[index] ?? ''

  const mappings = raw.all(3).map((part) => decodeMapping(part, text))
  const mappingOf = byId(mappings)
  const functions = raw.all(5).map((part) => decodeFunction(part, text))
  const functionOf = byId(functions)
  const locations = raw.all(4).map((part): Location => {
    const fields = part.fields()
    return {
      id: fields.number(1),
      mapping: mappingOf.get(fields.number(2)),
      address: fields.number(3),
      lines: fields.all(4).map((line) => decodeLine(line, functionOf)),
    }
  })
  const locationOf = byId(locations)
  const periodType = raw.all(11).map((part) => decodeValueType(part, text))[0]

  return {
    sampleTypes: raw.all(1).map((part) => decodeValueType(part, text)),
    samples: raw.all(2).map((part) => decodeSample(part, locationOf, text)),
    mappings,
    locations,
    functions,
    stringTable,
    timeNanos: raw.bigint(9),
    durationNanos: raw.number(10),
    periodType: periodType ?? { type: '', unit: '' },
    period: raw.number(12),
    comments: raw.numbers(13).map(text),
    defaultSampleType: text(raw.number(14)),
    docUrl: text(raw.number(15)),
  }
}

function decodeMapping(part: ProtoReader, text: (index: number) => string): Mapping {
  const fields = part.fields()
  return {
    id: fields.number(1),
    file: text(fields.number(5)),
    hasFunctions: fields.number(7) !== 0,
    hasFilenames: fields.number(8) !== 0,
    hasLineNumbers: fields.number(9) !== 0,
  }
}

function decodeFunction(part: ProtoReader, text: (index: number) => string): ProfileFunction {
  const fields = part.fields()
  return {
    id: fields.number(1),
    name: text(fields.number(2)),
    systemName: text(fields.number(3)),
    file: text(fields.number(4)),
    startLine: fields.number(5),
  }
}

function decodeLine(part: ProtoReader, functionOf: ReadonlyMap<number, ProfileFunction>): Line {
  const fields = part.fields()
  return {
    function: functionOf.get(fields.number(1)),
    line: fields.number(2),
    column: fields.number(3),
  }
}

function decodeSample(
  part: ProtoReader,
  locationOf: ReadonlyMap<number, Location>,
  text: (index: number) => string,
): Sample {
  const fields = part.fields()
  return {
    stack: fields.numbers(1).map((id) => locationOf.get(id)),
    values: fields.numbers(2),
    labels: fields.all(3).map((label) => decodeLabel(label, text)),
  }
}

function decodeLabel(part: ProtoReader, text: (index: number) => string): Label {
  const fields = part.fields()
  return { key: text(fields.number(1)), str: text(fields.number(2)), num: fields.number(3) }
}

function decodeValueType(part: ProtoReader, text: (index: number) => string): ValueType {
  const fields = part.fields()
  return { type: text(fields.number(1)), unit: text(fields.number(2)) }
}

function byId<T extends { readonly id: number }>(rows: readonly T[]): ReadonlyMap<number, T> {
  return new Map(rows.map((row) => [row.id, row]))
}

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}
