import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { encodeCpuProfile } from '../../src/convert/cpu-formats.ts'
import type { CpuRecording } from '../../src/convert/cpu-recording.ts'
import type { ConversionJob } from '../../src/server/conversion/conversion-job.ts'
import { Conversions } from '../../src/server/conversion/conversions.ts'
import { askOnce, findBy } from '../../src/server/target-sources.ts'
import type { SourceAnswer } from '../../src/sourcemaps/questions.ts'
import {
  profileOf as heapProfile,
  recordingOf as heapRecording,
  thread as heapThread,
} from '../convert/heap-recordings.ts'
import { fixture, profileOf, recordingOf } from '../convert/recordings.ts'

// Under tap a thread takes seconds to start.
t.setTimeout(120_000)

const url = 'file:///srv/shop/src/app.js'
const calls = Array.from({ length: 20_000 }, (_, line) => ({
  name: `f${line}`,
  url,
  line,
  hits: 1,
}))
const large = profileOf(...calls)

const sources: SourceAnswer = {
  answer: { id: 1, scripts: [], packages: [], folders: [], notes: ['a note'] },
}

const watched = { looks: [], startedBetweenUs: [0, 1] as const, watchCostMs: 1 }

const allocated = heapProfile({ name: '(root)', size: 0, children: [{ name: 'grow', size: 4096 }] })
const reading = { profileJson: allocated, native: undefined }
const worker = { ...heapThread(allocated), thread: 'worker', baseline: { native: undefined } }
const delta = heapRecording([{ ...heapThread(allocated), baseline: reading }, worker], {
  isDelta: true,
})

t.test('a thread converts as it is done at once, in every format', async (t) => {
  const inline = new Conversions({ inlineBytes: Number.POSITIVE_INFINITY })
  const threaded = new Conversions({ inlineBytes: 0 })
  t.teardown(() => threaded.close())
  const recording = recordingOf({ main: fixture('node20'), worker: fixture('node24') })
  const contention = {
    recording: { ...recording, ...watched },
    form: 'pprof',
    comments: [],
  } as const
  const jobs: readonly ConversionJob[] = [
    { kind: 'profile', recording, format: 'pprof' },
    { kind: 'profile', recording, format: 'speedscope' },
    { kind: 'profile', recording, format: 'markdown' },
    { kind: 'wall', recording, format: 'pprof' },
    { ...contention, kind: 'block' },
    { ...contention, kind: 'mutex', form: 'text', thresholdMs: 1 },
    { kind: 'heap', recording: delta, name: 'heap', form: 'pprof' },
    { kind: 'heap', recording: delta, name: 'allocs', form: 'text' },
  ]
  for (const job of jobs) {
    const ask = async () => sources
    const [here, there] = await Promise.all([inline.run(job, ask), threaded.run(job, ask)])
    t.same(there.bytes, Uint8Array.from(here.bytes), `${job.kind} has the same bytes`)
    t.equal(there.contentType, here.contentType)
    t.same([...there.symbols], [...here.symbols])
  }
})

t.test('the texts of a recording stay readable unless they may be moved', async (t) => {
  const conversions = new Conversions()
  t.teardown(() => conversions.close())
  const own = recordingOf({ main: new Uint8Array(large), other: fixture('idle') })
  await conversions.run({ kind: 'profile', recording: own, format: 'collapsed' })
  t.same(own.threads[0]?.profileJson, large)
  const heap = Buffer.from(allocated)
  const slow = new Conversions({ inlineBytes: 0 })
  t.teardown(() => slow.close())
  const job = { kind: 'heap', recording: delta, name: 'heap', form: 'pprof' } as const
  await slow.run(job, undefined, 'move')
  t.same(delta.threads[0]?.profileJson, heap, 'readings are those of others, too')
  t.same(delta.threads[0]?.baseline?.profileJson, heap)
  const moved = recordingOf({ main: new Uint8Array(await big()) })
  const bytes = moved.threads[0]?.profileJson.byteLength ?? 0
  const { bytes: text } = await conversions.run(
    { kind: 'profile', recording: moved, format: 'collapsed' },
    undefined,
    'move',
  )
  t.ok(bytes > 4 * 1024 * 1024 && text.byteLength > 0)
  t.equal(moved.threads[0]?.profileJson.byteLength, 0)
})

t.test('what the thread finds unusable is refused with its code', async (t) => {
  const conversions = new Conversions({ inlineBytes: 0, idleMs: 1 })
  t.teardown(() => conversions.close())
  const broken = recordingOf({ main: Buffer.from('{"nodes":[') })
  for (let round = 0; round < 2; round++) {
    await t.rejects(conversions.run({ kind: 'profile', recording: broken, format: 'pprof' }), {
      code: 'recording-invalid',
      message: /unusable CPU profile/,
    })
    // It has been idle: the next one starts another thread.
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
})

t.test('the loop goes on while a large recording is converted', async (t) => {
  const conversions = new Conversions()
  t.teardown(() => conversions.close())
  const recording = recordingOf({ main: await big() })
  let turns = 0
  const timer = setInterval(() => turns++, 1)
  const { bytes } = await conversions.run({ kind: 'profile', recording, format: 'pprof' })
  clearInterval(timer)
  t.ok(turns > 3, `${turns} turns`)
  const { bytes: expected } = await encodeCpuProfile(recording, 'pprof')
  t.same(bytes, Uint8Array.from(expected))
})

t.test('a thread that was prepared converts, and holds up nobody who closes it', async (t) => {
  const conversions = new Conversions({ inlineBytes: 0 })
  conversions.prepare(500)
  const job = { kind: 'profile', recording: recordingOf({ main: large }), format: 'pprof' } as const
  const { bytes } = await conversions.run(job)
  t.ok(bytes.byteLength > 0)
  conversions.prepare(500)
  await conversions.close()
  conversions.prepare(500)
  await t.rejects(conversions.run(job), { code: 'capture-aborted' })
})

t.test('whoever waits when it is closed is told, and who comes later', async (t) => {
  const conversions = new Conversions({ inlineBytes: 0 })
  const job = { kind: 'profile', recording: recordingOf({ main: large }), format: 'pprof' } as const
  const waiting = conversions.run(job)
  const told = t.rejects(waiting, { code: 'capture-aborted', message: 'pprofd is stopping' })
  await new Promise((resolve) => setImmediate(resolve))
  await conversions.close()
  await told
  await t.rejects(conversions.run(job), { code: 'capture-aborted' })
})

t.test('all formats of a recording are told of source maps once', async (t) => {
  const conversions = new Conversions({ inlineBytes: 0 })
  t.teardown(() => conversions.close())
  const recording = recordingOf({ main: fixture('node20') })
  let asked = 0
  const ask = askOnce(async () => {
    asked++
    return sources
  })
  for (const format of ['pprof', 'markdown', 'collapsed'] as const) {
    const { bytes } = await conversions.run({ kind: 'profile', recording, format }, ask)
    if (format === 'markdown') t.match(Buffer.from(bytes).toString(), /a note/)
  }
  t.equal(asked, 1)
  t.equal(askOnce(undefined), undefined)
})

t.test('nothing of the server converts a recording but here', async (t) => {
  const folder = new URL('../../src/server/', import.meta.url)
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const others = files.filter((file) => file.endsWith('.ts') && !file.startsWith('conversion/'))
  t.ok(others.length > 50)
  for (const file of others) {
    const text = readFileSync(new URL(file, folder), 'utf8')
    t.notMatch(text, /\bencode(CpuProfile|WallProfile|Block|Mutex|HeapProfile)\b/, file)
  }
})

t.test('notes of source maps reach the profile from the thread, too', async (t) => {
  const conversions = new Conversions({ inlineBytes: 0 })
  t.teardown(() => conversions.close())
  const recording: CpuRecording = recordingOf({ main: fixture('node20') })
  const asked: string[] = []
  const { bytes } = await conversions.run(
    { kind: 'profile', recording, format: 'markdown' },
    async (scripts) => {
      asked.push(...scripts.map((script) => script.url))
      return sources
    },
  )
  const { bytes: expected } = await encodeCpuProfile(
    recording,
    'markdown',
    findBy(async () => sources),
  )
  t.same(bytes, Uint8Array.from(expected))
  t.ok(asked.length > 0)
  t.match(String(Buffer.from(bytes)), /a note/)
})

/** More than is copied in one go. */
async function big(): Promise<Uint8Array> {
  const text = Buffer.from(large).toString()
  const many = Array.from({ length: 600_000 }, () => 2)
  const value = { ...JSON.parse(text), samples: many, timeDeltas: many.map(() => 1000) }
  value.endTime = value.startTime + 600_000_000
  return new Uint8Array(Buffer.from(JSON.stringify({ ...value, padding: 'x'.repeat(1024 * 1024) })))
}
