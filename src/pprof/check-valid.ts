/**
 * What google/pprof, Parca, Pyroscope, Alloy and the OpenTelemetry receiver ask of a profile, in one
 * place; the counterpart of `CheckValid` in google/pprof's profile/profile.go.
 */
import { gunzipSync } from 'node:zlib'
import { decodeProfile, isGzip } from './decode-profile.ts'
import { limits, type Profile } from './profile.ts'

export interface CheckOptions {
  /** Also assert Pyroscope's limits on size and samples. Default true. */
  readonly checkLimits?: boolean
  /** When set, `time_nanos` must be within -1 h to +10 min of it. Milliseconds since the epoch. */
  readonly nowMs?: number
}

/** The profile's faults, one sentence each; none when every reader takes it. Gzipped or plain bytes. */
export function checkValid(bytes: Uint8Array, options: CheckOptions = {}): readonly string[] {
  if (bytes.length === 0) return ['the body is empty']
  let plain: Uint8Array
  let profile: Profile
  try {
    plain = isGzip(bytes) ? gunzipSync(bytes) : bytes
    profile = decodeProfile(plain)
  } catch (error) {
    return [`not a profile: ${error instanceof Error ? error.message : String(error)}`]
  }
  return [
    ...checkHeader(profile),
    ...checkTables(profile),
    ...checkNames(profile),
    ...checkSamples(profile),
    ...(options.checkLimits === false ? [] : checkLimits(profile, plain)),
    ...(options.nowMs === undefined ? [] : checkTime(profile, options.nowMs)),
  ]
}

function* checkHeader(profile: Profile): Iterable<string> {
  if (profile.stringTable[0] !== '') yield 'string_table[0] is not empty'
  if (profile.sampleTypes.length === 0) yield 'there is no sample type'
  for (const { type, unit } of [...profile.sampleTypes, profile.periodType]) {
    if (!/^\w+$/.test(type)) yield `type "${type}" is not of letters, digits and _`
    if (!/^\w+$/.test(unit)) yield `unit "${unit}" is not of letters, digits and _`
  }
  if (!profile.sampleTypes.some(({ type }) => type === profile.defaultSampleType)) {
    yield `default_sample_type "${profile.defaultSampleType}" is no sample type`
  }
  if (profile.timeNanos <= 0n) yield 'time_nanos is not set'
  if (profile.durationNanos < 0) yield 'duration_nanos is negative'
}

function* checkTables(profile: Profile): Iterable<string> {
  yield* checkIds('mapping', profile.mappings)
  yield* checkIds('location', profile.locations)
  yield* checkIds('function', profile.functions)
  for (const mapping of profile.mappings) {
    const { hasFunctions, hasFilenames, hasLineNumbers } = mapping
    if (!(hasFunctions && hasFilenames && hasLineNumbers)) yield 'the mapping is not symbolized'
  }
  if (profile.mappings.length !== 1) yield `there are ${profile.mappings.length} mappings, not one`
  const addresses = new Set<number>()
  for (const { id, address, mapping, lines } of profile.locations) {
    if (!mapping) yield `location ${id} has no mapping`
    if (lines.length === 0) yield `location ${id} has no line`
    if (lines.some((line) => !line.function)) yield `location ${id} has a line without function`
    if (address === 0) yield `location ${id} has address 0`
    if (!Number.isSafeInteger(address)) yield `location ${id} has an address that no number holds`
    if (addresses.has(address)) yield `location ${id} repeats address ${address}`
    addresses.add(address)
  }
}

function* checkIds(table: string, rows: readonly { readonly id: number }[]): Iterable<string> {
  for (const [index, { id }] of rows.entries()) {
    if (id !== index + 1) yield `${table} ${index + 1} of the table has id ${id}`
  }
}

function* checkNames(profile: Profile): Iterable<string> {
  for (const { id, name, systemName, file } of profile.functions) {
    if (name === '') yield `function ${id} has no name`
    if (systemName !== '') yield `function ${id} has a system_name, which pprof would demangle`
    if (Buffer.byteLength(name) > limits.functionNameBytes) yield `function ${id}: name too long`
    if (Buffer.byteLength(file) > limits.fileNameBytes) yield `function ${id}: file name too long`
  }
  for (const [index, text] of profile.stringTable.entries()) {
    if (/\p{Cc}/u.test(text)) yield `string ${index} holds a control character`
  }
}

function* checkSamples(profile: Profile): Iterable<string> {
  for (const [index, { stack, values, labels }] of profile.samples.entries()) {
    if (values.length !== profile.sampleTypes.length) {
      yield `sample ${index} has ${values.length} values for ${profile.sampleTypes.length} types`
    }
    if (!values.every(Number.isSafeInteger))
      yield `sample ${index} has a value that no number holds`
    if (stack.length === 0) yield `sample ${index} has no stack`
    if (stack.includes(undefined)) yield `sample ${index} names an unknown location`
    if (new Set(labels.map(({ key }) => key)).size !== labels.length) {
      yield `sample ${index} has a label with two values`
    }
    if (labels.some(({ key, str }) => key === '' || str === '')) {
      yield `sample ${index} has a label that is no string`
    }
  }
}

function* checkLimits(profile: Profile, plain: Uint8Array): Iterable<string> {
  if (plain.length > limits.profileBytes) yield `larger than ${limits.profileBytes} bytes`
  if (profile.samples.length > limits.samples) yield `more than ${limits.samples} samples`
}

function* checkTime(profile: Profile, nowMs: number): Iterable<string> {
  const agoMs = nowMs - Number(profile.timeNanos / 1_000_000n)
  if (agoMs > 3_600_000 || agoMs < -600_000) yield 'time_nanos is over an hour ago or in the future'
}
