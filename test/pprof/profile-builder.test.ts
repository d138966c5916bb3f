import t from 'tap'
import { CaptureError } from '../../src/errors.ts'
import { ByteWriter } from '../../src/pprof/byte-writer.ts'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import { gzipProfile } from '../../src/pprof/gzip-profile.ts'
import { ProfileBuilder } from '../../src/pprof/profile-builder.ts'
import { ProtoReader } from '../../src/pprof/proto-reader.ts'
import { header } from './header.ts'

t.test('what was built is what is read', async (t) => {
  const builder = new ProfileBuilder(header)
  const f = builder.addFunction('src/db.query', '/srv/köchin/db.js', 12)
  const g = builder.addFunction('(program)', '', 0)
  const leaf = builder.addLocation(2 ** 47 - 1, f, 14, 3)
  const caller = builder.addLocation(5, g, 0, 0)
  const labels = builder.labels({ thread: 'main', pid: '7' })
  builder.addSample(leaf, builder.callers([caller]), [3, 30_000_000_000], labels)
  builder.addSample(caller, builder.callers([]), [-1, -(2 ** 40)], builder.labels({}))
  const profile = decodeProfile(await gzipProfile(builder.encode()))

  const { startedAtMs, executable, ...told } = header
  t.match(profile, { ...told, docUrl: '' })
  t.same(profile.mappings, [
    { id: 1, file: executable, hasFunctions: true, hasFilenames: true, hasLineNumbers: true },
  ])
  const fn = {
    id: 1,
    name: 'src/db.query',
    systemName: '',
    file: '/srv/köchin/db.js',
    startLine: 12,
  }
  t.same(profile.functions, [
    fn,
    { id: 2, name: '(program)', systemName: '', file: '', startLine: 0 },
  ])
  t.match(profile.locations, [
    {
      id: 1,
      address: 2 ** 47 - 1,
      mapping: { id: 1 },
      lines: [{ function: fn, line: 14, column: 3 }],
    },
    { id: 2, address: 5, lines: [{ line: 0, column: 0 }] },
  ])
  t.same(
    profile.samples.map(({ stack, values, labels }) => {
      return {
        stack: stack.map((location) => location?.id),
        values,
        labels: labels.map((l) => l.str),
      }
    }),
    [
      { stack: [1, 2], values: [3, 30_000_000_000], labels: ['main', '7'] },
      { stack: [2], values: [-1, -(2 ** 40)], labels: [] },
    ],
  )
})

t.test('numbers of every size survive', async (t) => {
  for (const number of [
    0,
    1,
    127,
    128,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 35,
    2 ** 53 - 1,
    -1,
    -(2 ** 53),
  ]) {
    const writer = new ByteWriter()
    writer.varint(number)
    t.same(new ProtoReader(writer.bytes()).packed(), [number], String(number))
  }
})

t.test('a lone surrogate becomes the replacement character', async (t) => {
  const writer = new ByteWriter()
  writer.text('a\ud800b')
  t.equal(new ProtoReader(writer.bytes()).text(), 'a\ufffdb')
})

t.test('what is no protobuf is refused', async (t) => {
  t.throws(() => new ProtoReader(Buffer.from([0x80])).packed(), /truncated varint/)
  t.throws(() => new ProtoReader(Buffer.alloc(11, 0xff)).packed(), /longer than 10 bytes/)
  t.throws(() => new ProtoReader(Buffer.from([13, 0, 0, 0, 0])).fields(), /wire type 5/)
  t.throws(() => new ProtoReader(Buffer.from([10, 9, 1])).fields(), /truncated message/)
})

t.test('an absurdly large profile is refused instead of filling the memory', async (t) => {
  const writer = new ByteWriter()
  const megabytes = Buffer.alloc(64 * 1024 * 1024)
  const append = () => {
    for (let count = 0; count < 5; count++) writer.append(megabytes)
  }
  t.throws(append, CaptureError)
  t.throws(append, { code: 'recording-invalid', message: /larger than 256 MiB/ })
})
