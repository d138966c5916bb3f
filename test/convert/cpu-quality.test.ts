import t from 'tap'
import { cpuQuality, describeQuality } from '../../src/convert/cpu-quality.ts'
import type { CpuRecording } from '../../src/convert/cpu-recording.ts'
import { cpuStacks } from '../../src/convert/cpu-stacks.ts'
import { profileOf, recordingOf } from './recordings.ts'

const busy = { name: 'f', url: 'file:///srv/shop/a.js', line: 1, hits: 60 }
const idle = { name: '(idle)', hits: 40 }
const sound = { askedDurationMs: 1000, askedHz: 100, samplingIntervalUs: 10_000 }

function quality(profile: Uint8Array, changes: Partial<CpuRecording> = {}) {
  return cpuQuality(cpuStacks(recordingOf({ main: profile }, { ...sound, ...changes })))
}

t.test('a sound recording has no warnings', async (t) => {
  const { achievedHz, ...rest } = quality(profileOf(busy, idle))
  t.same(rest, {
    achievedDurationMs: 1010,
    sampleCount: 100,
    idleShare: 0.4,
    unsampledMs: 0,
    warnings: [],
  })
  t.equal(Math.round(achievedHz), 99)
})

t.test('a sampler that takes no ticks is reported', async (t) => {
  const { warnings } = quality(profileOf({ ...busy, hits: 10 }), { askedHz: 1000 })
  t.match(warnings, [/took 10 of about 110 samples: V8's sampler is stuck or starved/])
})

t.test('too few samples and an early end are reported', async (t) => {
  t.match(quality(profileOf({ ...busy, hits: 9 }, { ...idle, hits: 90 })).warnings, [
    /^only 9 samples of running code/,
  ])
  t.match(quality(profileOf(busy), { askedDurationMs: 9000 }).warnings, [/ended before half/])
})

t.test('without samples the idle share is unknown, not zero', async (t) => {
  const stacks = cpuStacks(recordingOf({ main: profileOf() }, sound))
  t.match(cpuQuality(stacks), { idleShare: undefined, sampleCount: 0 })
  t.match(describeQuality(stacks), [
    'target: shop, pid 4711, node v20.20.2',
    /.*/,
    /.*/,
    /^idle: unknown/,
  ])
})

t.test('time that no sample stands for is told', async (t) => {
  const json = JSON.parse(String(profileOf(busy)))
  json.timeDeltas[30] = 2_110_000
  json.endTime += 2_100_000
  const stacks = cpuStacks(recordingOf({ main: Buffer.from(JSON.stringify(json)) }, sound))
  t.equal(cpuQuality(stacks).unsampledMs, 2010)
  t.match(
    describeQuality(stacks).join('\n'),
    'unsampled: 2.01 s that no sample stands for, left out',
  )
})

t.test('several threads are judged together', async (t) => {
  const stacks = cpuStacks(
    recordingOf({ main: profileOf(busy, idle), w: profileOf({ ...idle, hits: 100 }) }, sound),
  )
  t.match(cpuQuality(stacks), { sampleCount: 200, idleShare: 0.7, warnings: [] })
})

t.test('depth beyond any real stack is bounded and loses no time', async (t) => {
  const json = JSON.parse(String(profileOf({ ...busy, hits: 5 })))
  const [root, node] = json.nodes
  const hitId = 3000
  json.samples.fill(hitId)
  json.nodes = [root]
  for (let id = 2; id <= hitId; id++) {
    const hitCount = id === hitId ? 5 : 0
    json.nodes.push({ ...node, id, hitCount, children: id < hitId ? [id + 1] : [] })
  }
  const { threads } = cpuStacks(recordingOf({ main: Buffer.from(JSON.stringify(json)) }, sound))
  t.match(threads, [{ stackCount: 1024 }])
  t.equal(
    threads[0]?.selfUs.reduce((a, b) => a + b, 0),
    50_000,
  )
})
