import t from 'tap'
import { encodeCpuProfile } from '../../src/convert/cpu-formats.ts'
import { describeQuality } from '../../src/convert/cpu-quality.ts'
import type { CpuRecording, CpuTime } from '../../src/convert/cpu-recording.ts'
import { cpuStacks } from '../../src/convert/cpu-stacks.ts'
import { encodeWallProfile } from '../../src/convert/wall-formats.ts'
import { checkValid } from '../../src/pprof/check-valid.ts'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import { type NodeSketch, profileOf, recordingOf } from './recordings.ts'

const app = 'file:///srv/shop/a.js'
const burns = { name: 'burns', url: app, line: 1, hits: 100 }
const reads = { name: 'reads', url: app, line: 9, calls: [{ name: 'open', hits: 100 }] }
const idle = { name: '(idle)', hits: 100 }
const settings = { askedDurationMs: 1000, askedHz: 100, samplingIntervalUs: 10_000 }

/** A sample each 10 ms from 1 s on; the thread's clock, read each 50 ms, runs at `rate(ms)`. */
function recording(
  tree: readonly NodeSketch[],
  rate: (ms: number) => number,
  changes: Partial<CpuRecording> & { readonly queuedRate?: number } = {},
): CpuRecording {
  const profileJson = profileOf(...tree)
  const { samples } = JSON.parse(String(profileJson))
  const cpuTimes: CpuTime[] = []
  let usedUs = 7_000_000
  for (let ms = -100; ms <= samples.length * 10 + 200; ms += 50) {
    const queuedUs =
      changes.queuedRate === undefined ? undefined : (ms + 100) * 1000 * changes.queuedRate
    cpuTimes.push({ atUs: 1_010_000 + ms * 1000, usedUs, queuedUs })
    usedUs += 50_000 * rate(ms)
  }
  const threads = [{ pid: 4711, thread: 'main', profileJson, cpuTimes }]
  return { ...recordingOf({}, settings), threads, ...changes }
}

/** `name[ state] = samples, ms of CPU`, in the order of the profile. */
async function shown(recorded: CpuRecording): Promise<readonly string[]> {
  const { bytes } = await encodeCpuProfile(recorded, 'pprof')
  t.same(checkValid(bytes, { nowMs: recorded.startedAtMs }), [])
  return decodeProfile(bytes).samples.map(({ stack, values: [count, ns = 0], labels }) => {
    const state = labels.find(({ key }) => key === 'state')?.str
    const name = stack[0]?.lines[0]?.function?.name
    return `${name}${state ? ` ${state}` : ''} = ${count}, ${Math.round(ns / 1e7) * 10} ms`
  })
}

const notes = (recorded: CpuRecording) => describeQuality(cpuStacks(recorded)).join('\n')

t.test('samples of a thread that used its processor stay as they are', async (t) => {
  const recorded = recording([burns, idle], (ms) => (ms < 1000 ? 1 : 0))
  t.same(await shown(recorded), ['a.burns = 100, 1000 ms'])
  t.match(notes(recorded), 'CPU time: 1 s used by the recorded threads')
  t.notMatch(notes(recorded), /blocked|queued/)
})

t.test('what was blocked in native code has samples, a label, and no CPU time', async (t) => {
  const recorded = recording([burns, reads], (ms) => (ms < 1000 ? 1 : 0))
  t.same(
    await shown(recorded),
    ['a.burns = 100, 1000 ms', 'open = 0, 10 ms', 'open blocked = 100, 0 ms'].filter(
      (line) => line !== 'open = 0, 10 ms',
    ),
  )
  t.match(notes(recorded), /main used 1 s of CPU in 2 s, .* 1 s blocked in native code \(label/)
  const wall = decodeProfile((await encodeWallProfile(recorded, 'pprof')).bytes)
  const total = wall.samples.reduce((sum, { values }) => sum + (values[1] ?? 0), 0)
  t.equal(Math.round(total / 1e7), 200, 'a wall profile keeps all of it')
  t.notOk(wall.samples.some(({ labels }) => labels.some(({ key }) => key === 'state')))
})

t.test('a function that waits without a native frame is found, too', async (t) => {
  const waits = { ...burns, name: 'waits', line: 20 }
  const recorded = recording([burns, waits], (ms) => (ms < 1000 ? 1 : 0))
  t.match(await shown(recorded), ['a.burns = 100, 1000 ms', /^a.waits blocked = 100, 0 ms$/])
})

t.test('time queued for a processor is no CPU time, but nobody is blamed for it', async (t) => {
  const recorded = recording([burns, reads], () => 0.5, { queuedRate: 0.5 })
  t.same(await shown(recorded), ['a.burns = 100, 500 ms', 'open = 100, 500 ms'])
  t.match(notes(recorded), /main used 1 s of CPU in 2 s, .* 1 s queued for a processor$/m)
})

t.test('short rests between samples are chance and blame nobody', async (t) => {
  const pieces = Array.from({ length: 40 }, (_, index) => {
    return index % 2 === 0 ? { ...burns, line: index, hits: 3 } : { ...idle, hits: 2 }
  })
  const recorded = recording(pieces, () => 0.55)
  t.notOk((await shown(recorded)).some((line) => line.includes('blocked')))
  const { samples } = decodeProfile((await encodeCpuProfile(recorded, 'pprof')).bytes)
  const ms = samples.reduce((sum, { values }) => sum + (values[1] ?? 0), 0) / 1e6
  t.ok(ms > 520 && ms <= 556, `${ms} ms are no more than were used`)
})

t.test('a low rate blames nobody either', async (t) => {
  const { threads, ...rest } = recording([burns, idle, burns, idle], () => 0.5)
  const slowed = threads.map((thread) => {
    const json = JSON.parse(String(thread.profileJson))
    // Every tenth sample, each for 100 ms, as of 10 Hz.
    json.samples = json.samples.filter((_: number, index: number) => index % 10 === 0)
    json.timeDeltas = json.samples.map((_: number, index: number) =>
      index === 0 ? 10_000 : 100_000,
    )
    return { ...thread, profileJson: Buffer.from(JSON.stringify(json)) }
  })
  const slow = { ...rest, threads: slowed, askedHz: 10, samplingIntervalUs: 100_000 }
  t.notMatch(notes(slow), 'blocked in native code')
})

t.test('threads without JavaScript have rows of their own, with no samples', async (t) => {
  const nativeThreads = [
    {
      pid: 4711,
      name: '(V8 worker threads)',
      count: 4,
      usedUs: 250_000,
      busiestUs: 100_000,
      isSampler: false,
    },
    { pid: 4711, name: '(libuv thread pool)', count: 4, usedUs: 0, busiestUs: 0, isSampler: false },
  ]
  const recorded = recording([burns], () => 1, { nativeThreads })
  t.same(await shown(recorded), ['a.burns = 100, 1000 ms', '(V8 worker threads) = 0, 250 ms'])
  t.match(notes(recorded), 'CPU time of other threads: (V8 worker threads) x4 0.25 s')
})

t.test('a clock of another machine or time tells nothing', async (t) => {
  const recorded = recording([burns], () => 0)
  const threads = recorded.threads.map((thread) => ({
    ...thread,
    cpuTimes: thread.cpuTimes?.map((time) => ({ ...time, atUs: time.atUs + 1e9 })),
  }))
  t.same(await shown({ ...recorded, threads }), ['a.burns = 100, 1000 ms'])
  t.match(notes({ ...recorded, threads }), 'CPU time: unknown')
})

t.test('the formats for people leave blocked time out, too', async (t) => {
  const recorded = recording([burns, reads], (ms) => (ms < 1000 ? 1 : 0))
  const collapsed = String((await encodeCpuProfile(recorded, 'collapsed')).bytes)
  t.equal(collapsed, 'a.burns 100\n')
  const markdown = String((await encodeCpuProfile(recorded, 'markdown')).bytes)
  t.match(markdown, 'The threads ran code for 1 s;')
  t.match(markdown, '1 s blocked in native code')
  const wall = String((await encodeWallProfile(recorded, 'collapsed')).bytes)
  t.equal(wall, 'a.burns 100\na.reads;open 100\n')
})

t.test('a stuck sampler is told from one that was starved', async (t) => {
  const few = profileOf({ ...burns, hits: 5 })
  const json = JSON.parse(String(few))
  json.endTime = 2_000_000
  const sampler = (busiestUs: number) => ({
    nativeThreads: [
      { pid: 4711, name: '(sampler)', count: 1, usedUs: busiestUs, busiestUs, isSampler: true },
    ],
  })
  const told = (busiestUs: number) =>
    notes(
      recordingOf(
        { main: Buffer.from(JSON.stringify(json)) },
        { ...settings, ...sampler(busiestUs) },
      ),
    )
  t.match(
    told(990_000),
    /warning: the sampler took 5 of about 100 samples: V8's sampler is stuck: its thread used 0.99 s of CPU/,
  )
  t.match(told(20_000), /V8's sampler, whose thread used 0.02 s of CPU, was starved/)
})

t.test('CPU time of which there are no samples is a warning', async (t) => {
  const recorded = recording(
    [
      { ...burns, hits: 20 },
      { ...idle, hits: 180 },
    ],
    () => 1,
  )
  t.match(
    notes(recorded),
    /warning: main used 2 s of CPU, but samples of running code stand for 0.2 s/,
  )
})
