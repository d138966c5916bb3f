import { gzipSync } from 'node:zlib'
import t from 'tap'
import { ByteWriter } from '../../src/pprof/byte-writer.ts'
import { checkValid } from '../../src/pprof/check-valid.ts'
import { limits } from '../../src/pprof/profile.ts'
import { ProfileBuilder, type ProfileHeader } from '../../src/pprof/profile-builder.ts'
import { header } from './header.ts'

interface Sketch {
  readonly name?: string
  readonly file?: string
  readonly addresses?: readonly number[]
  readonly values?: readonly number[]
  readonly labels?: Readonly<Record<string, string>>
  readonly samples?: number
}

function build(sketch: Sketch = {}, changes: Partial<ProfileHeader> = {}): Uint8Array {
  const builder = new ProfileBuilder({ ...header, ...changes })
  const fn = builder.addFunction(sketch.name ?? 'a/b.f', sketch.file ?? '/b.js', 3)
  const addresses = sketch.addresses ?? [1, 2]
  const [leaf, ...above] = addresses.map((address) => builder.addLocation(address, fn, 4, 0))
  if (!leaf) throw new Error('a sample has a leaf')
  const callers = builder.callers(above)
  const labels = builder.labels(sketch.labels ?? { thread: 'main' })
  for (let count = sketch.samples ?? 1; count > 0; count--) {
    builder.addSample(leaf, callers, sketch.values ?? [1, 10], labels)
  }
  return builder.encode()
}

/** A message of fields with numbers only, nested in field `outer`. */
function row(outer: number, fields: Readonly<Record<number, number>>): Uint8Array {
  const inner = new ByteWriter()
  for (const [field, value] of Object.entries(fields)) {
    inner.varint(Number(field) * 8)
    inner.varint(value)
  }
  const message = new ByteWriter()
  message.varint(outer * 8 + 2)
  message.varint(inner.size)
  message.append(inner.bytes())
  return message.bytes()
}

t.test('a sound profile has no faults, gzipped or not', async (t) => {
  t.same(checkValid(build()), [])
  t.same(checkValid(gzipSync(build())), [])
  t.same(checkValid(build(), { nowMs: header.startedAtMs + 1000 }), [])
  t.same(checkValid(build({ samples: 0 })), [])
})

const faults: readonly (readonly [title: string, bytes: Uint8Array, fault: RegExp])[] = [
  ['no bytes', new Uint8Array(), /body is empty/],
  ['text', Buffer.from('Not found\n'), /not a profile/],
  ['broken gzip', gzipSync(build()).subarray(0, 60), /not a profile/],
  ['a truncated profile', build().subarray(0, 90), /not a profile/],
  ['a type with a space', build({}, { periodType: { type: 'c p u', unit: 'ns' } }), /type "c p u"/],
  ['a unit with a slash', build({}, { periodType: { type: 'cpu', unit: 'a/s' } }), /unit "a\/s"/],
  ['no sample type', build({ samples: 0 }, { sampleTypes: [] }), /no sample type/],
  ['an unknown default', build({}, { defaultSampleType: 'heap' }), /default_sample_type "heap"/],
  ['no time', build({}, { timeNanos: 0n }), /time_nanos is not set/],
  ['a negative duration', build({}, { durationNanos: -1 }), /duration_nanos is negative/],
  ['address 0', build({ addresses: [0] }), /location 1 has address 0/],
  ['a repeated address', build({ addresses: [7, 7] }), /location 2 repeats address 7/],
  ['a huge address', build({ addresses: [2 ** 60] }), /address that no number holds/],
  ['an empty name', build({ name: '' }), /function 1 has no name/],
  ['a long name', build({ name: 'n'.repeat(513) }), /function 1: name too long/],
  ['a long file name', build({ file: 'é'.repeat(513) }), /function 1: file name too long/],
  ['a control character', build({ name: 'a\nb' }), /string \d+ holds a control character/],
  ['a missing value', build({ values: [1] }), /sample 0 has 1 values for 2 types/],
  ['a huge value', build({ values: [1, 2 ** 60] }), /sample 0 has a value that no number holds/],
  ['an empty stack', Buffer.concat([build(), row(2, { 2: 1 })]), /sample 1 has no stack/],
  ['an empty label', build({ labels: { thread: '' } }), /sample 0 has a label that is no string/],
  ['many samples', build({ samples: limits.samples + 1 }), /more than 16000 samples/],
  [
    'megabytes',
    build({}, { comments: ['x'.repeat(limits.profileBytes)] }),
    /larger than 4194304 bytes/,
  ],
  ['a second mapping', Buffer.concat([build(), row(3, { 1: 2 })]), /there are 2 mappings/],
  ['a plain mapping', Buffer.concat([build(), row(3, { 1: 2 })]), /the mapping is not symbolized/],
  ['a skipped id', Buffer.concat([build(), row(5, { 1: 9, 2: 1 })]), /function 2 .* has id 9/],
  ['a bare location', Buffer.concat([build(), row(4, { 1: 3, 3: 9 })]), /location 3 has no line/],
  [
    'a lost location',
    Buffer.concat([build(), row(4, { 1: 3, 3: 9 })]),
    /location 3 has no mapping/,
  ],
  ['an unknown location', Buffer.concat([build(), row(2, { 1: 99, 2: 1 })]), /unknown location/],
  ['a C++ name', Buffer.concat([build(), row(5, { 1: 2, 2: 1, 3: 1 })]), /has a system_name/],
]

for (const [title, bytes, fault] of faults) {
  t.test(`${title} is found`, async (t) => {
    t.match(checkValid(bytes).join('\n'), fault)
  })
}

t.test('a line without a function and a repeated label are found', async (t) => {
  const line = row(4, { 2: 3 })
  const location = Buffer.concat([Buffer.from([34, line.length + 4, 8, 3, 24, 9]), line])
  t.match(checkValid(Buffer.concat([build(), location])).join('\n'), /line without function/)
  const label = row(3, { 1: 1, 2: 1 })
  const sample = Buffer.concat([Buffer.from([18, label.length * 2]), label, label])
  t.match(checkValid(Buffer.concat([build(), sample])).join('\n'), /label with two values/)
})

t.test('a string table that does not start with the empty string is found', async (t) => {
  t.match(checkValid(Buffer.from([50, 1, 97])), [/string_table\[0\]/])
})

t.test('the time must be near the present one when that is given', async (t) => {
  t.match(checkValid(build(), { nowMs: header.startedAtMs + 3_700_000 }), [/time_nanos/])
  t.match(checkValid(build(), { nowMs: header.startedAtMs - 700_000 }), [/time_nanos/])
})

t.test('the limits of stores can be left aside', async (t) => {
  t.same(checkValid(build({ samples: limits.samples + 1 }), { checkLimits: false }), [])
})
