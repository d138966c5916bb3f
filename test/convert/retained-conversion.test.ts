import t, { type Test } from 'tap'
import { RetainedConversion } from '../../src/convert/retained-conversion.ts'
import { checkValid } from '../../src/pprof/check-valid.ts'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import { type Edge, makeSnapshot } from './heap-graph/snapshots.ts'

t.setTimeout(180_000)

const header = {
  executable: '/usr/bin/node',
  workingDirectory: '/srv/app',
  takenAtMs: Date.now(),
  comments: ['of a test'],
}
const nodes = [
  { type: 'synthetic', edges: [['shortcut', '1', 1]] },
  { name: 'global', size: 10, edges: [['property', 'cache', 2]] },
  { name: 'Map', size: 30 },
] as const
const json = Buffer.from(JSON.stringify(makeSnapshot(nodes)))

t.test('a snapshot goes in and a gzipped profile comes out, with what it is of', async (t) => {
  const conversion = open(t)
  for (const byte of json) await conversion.write(Uint8Array.of(byte))
  const { bytes, symbols, totals } = await conversion.finish(header)
  t.strictSame(checkValid(bytes, { nowMs: Date.now() }), [])
  t.strictSame([...bytes.subarray(0, 2)], [0x1f, 0x8b], 'gzipped')
  t.strictSame(totals, { objects: 3, references: 2, heapBytes: 40 })
  t.strictSame(symbols.map(([, name]) => name).sort(), ['cache: Map', 'global'])
  const { comments, defaultSampleType } = decodeProfile(bytes)
  t.equal(comments[0], 'of a test')
  t.equal(defaultSampleType, 'space')
})

t.test("the chunks stay the caller's", async (t) => {
  const conversion = open(t)
  const chunk = new Uint8Array(json)
  await conversion.write(chunk)
  t.equal(chunk.length, json.length)
  await conversion.finish(header)
})

t.test('this thread goes on while the other one works', async (t) => {
  const count = 300_000
  const edges = Array.from({ length: count }, (_, i): Edge => ['element', i, 2 + i])
  const leaves = Array.from({ length: count }, (_, i) => ({ name: `Class${i % 1000}`, size: 1 }))
  const large = [nodes[0], { name: 'global', edges }, ...leaves]
  const conversion = open(t)
  await conversion.write(Buffer.from(JSON.stringify(makeSnapshot(large))))
  let turns = 0
  const timer = setInterval(() => turns++, 1)
  const { totals } = await conversion.finish(header)
  clearInterval(timer)
  t.equal(totals.objects, count + 2)
  t.ok(turns > 5, `${turns} turns of the event loop`)
})

t.test('whoever writes faster than it is read waits', async (t) => {
  const conversion = open(t)
  const chunk = Buffer.alloc(1024 * 1024, ' ')
  const waits: boolean[] = []
  for (let count = 0; count < 12; count++) {
    let isWaiting = true
    const written = conversion.write(chunk).then(() => {
      isWaiting = false
    })
    await Promise.resolve()
    waits.push(isWaiting)
    await written
  }
  t.strictSame(waits.slice(0, 3), [false, false, false], 'the first are taken at once')
  t.ok(waits.includes(true), 'a later one is not')
  await conversion.write(json)
  t.equal((await conversion.finish(header)).totals.objects, 3)
})

t.test('what is wrong with a snapshot is said by the next write, and by finish', async (t) => {
  const invalid = {
    name: 'CaptureError',
    code: 'recording-invalid',
    message: /unusable: it is not/,
  }
  const early = open(t)
  await early.write(Buffer.from('no JSON'))
  await t.rejects(early.finish(header), invalid)
  await t.rejects(early.write(json), invalid)
  await t.rejects(early.finish(header), invalid)

  const waiting = open(t)
  await t.rejects(waiting.write(Buffer.alloc(5 * 1024 * 1024, '}')), invalid)

  const half = open(t)
  await half.write(json.subarray(0, -20))
  await t.rejects(half.finish(header), { code: 'recording-invalid', message: /it ends too early/ })
})

t.test(
  'a snapshot that would take more memory than allowed is refused at its header',
  async (t) => {
    const conversion = open(t, 1000)
    await conversion.write(json)
    await t.rejects(conversion.finish(header), {
      name: 'CaptureError',
      code: 'capture-too-costly',
      message: /limits\.maxRetainedBytes is 1 MB/,
      tryNext: /heapsnapshot/,
    })
  },
)

t.test('memory that the machine does not have is refused, too', async (t) => {
  const conversion = open(t, Number.POSITIVE_INFINITY)
  const huge = json.toString().replace('"edge_count":2', '"edge_count":2000000000')
  const tooMany = huge.replace('"node_count":3', '"node_count":2000000000')
  await conversion.write(Buffer.from(tooMany))
  const error = await conversion.finish(header).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  // Where the system promises memory without having it, the lie in the header is found instead.
  t.match(error, { code: /^(capture-too-costly|recording-invalid)$/ })
})

t.test('closed in the middle it ends, whatever was under way', async (t) => {
  const conversion = new RetainedConversion(1e9)
  const writing = conversion.write(Buffer.alloc(64 * 1024 * 1024, ' '))
  await Promise.all([t.rejects(writing, { message: 'the thread ended' }), conversion.close()])
  await t.rejects(conversion.finish(header), { message: 'the thread ended' })
  await new RetainedConversion(1e9).close()
})

function open(t: Test, maxBytes = 1e9): RetainedConversion {
  const conversion = new RetainedConversion(maxBytes)
  t.teardown(() => conversion.close())
  return conversion
}
