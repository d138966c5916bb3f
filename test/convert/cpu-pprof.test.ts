import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { encodeCpuProfile } from '../../src/convert/cpu-formats.ts'
import type { CpuRecording } from '../../src/convert/cpu-recording.ts'
import { checkValid } from '../../src/pprof/check-valid.ts'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import type { Profile } from '../../src/pprof/profile.ts'
import { fixture, fixtureNames, profileOf, recordingOf } from './recordings.ts'

const app = 'file:///srv/shop/src/app.js'

async function encode(t: Test, recording: CpuRecording): Promise<Profile> {
  const { bytes } = await encodeCpuProfile(recording, 'pprof')
  t.same(checkValid(bytes, { nowMs: recording.startedAtMs }), [], 'every reader takes it')
  return decodeProfile(bytes)
}

/** Leaf first, each with its line: `b:7 a:1 = 2 samples, 20 ms`. */
function show({ samples }: Profile): readonly string[] {
  return samples.map(({ stack, values: [count, ns] }) => {
    const names = stack.map((location) => {
      const line = location?.lines[0]
      return `${line?.function?.name}:${line?.line}`
    })
    return `${names.join(' ')} = ${count} samples, ${(ns ?? 0) / 1e6} ms`
  })
}

for (const name of fixtureNames) {
  t.test(`the recorded profile ${name} gives a valid pprof profile`, async (t) => {
    const profile = await encode(t, recordingOf({ main: fixture(name) }))
    const names = profile.functions.map((fn) => fn.name)
    t.notOk(names.some((fn) => fn === '(root)' || fn === '(idle)'))
    const sampledNs = profile.samples.reduce((sum, { values }) => sum + (values[1] ?? 0), 0)
    t.ok(sampledNs <= profile.durationNanos, 'no more time than there was')
    if (name === 'idle') return t.equal(profile.samples.length, 0)
    t.ok(names.includes('@acme/tax/lib/rate-table.lookUp'))
    t.ok(names.includes('eval.evaluated'))
    return t.ok(sampledNs > 50e6)
  })
}

t.test('the header says what was measured and how', async (t) => {
  const profile = await encode(t, recordingOf({ main: fixture('node20') }))
  t.match(profile, {
    sampleTypes: [
      { type: 'samples', unit: 'count' },
      { type: 'cpu', unit: 'nanoseconds' },
    ],
    periodType: { type: 'cpu', unit: 'nanoseconds' },
    period: 5_000_000,
    defaultSampleType: 'cpu',
    timeNanos: 1_800_000_000_000_250_000n,
    mappings: [{ file: '/usr/bin/node' }],
  })
  t.match(profile.comments, [
    'target: shop, pid 4711, node v20.20.2',
    /^duration: 0.6 s asked, 0.6\d s achieved$/,
    /^rate: 200 Hz asked, \d+(\.\d)? Hz achieved, 120 samples$/,
    /^idle: 7\d\.\d % of the sampled time, left out$/,
    'pauses of the target: at most 12.3 ms at the start, 3 ms at the stop',
    'attach: 80 ms, inspector opened for it',
    /^CPU time: unknown/,
    /^warning: only \d+ samples of running code/,
  ])
  const labels = [
    { key: 'thread', str: 'main', num: 0 },
    { key: 'pid', str: '4711', num: 0 },
  ]
  for (const sample of profile.samples) t.same(sample.labels, labels)
})

t.test('time is divided by lines for the leaf, and callers have their first line', async (t) => {
  const leaf = { name: 'leaf', url: app, line: 9, hits: 4, ticks: { 10: 1, 12: 3 } }
  const profile = await encode(
    t,
    recordingOf({ main: profileOf({ name: 'top', url: app, line: 4, calls: [leaf] }) }),
  )
  t.same(show(profile), [
    'src/app.leaf:10 src/app.top:5 = 1 samples, 10 ms',
    'src/app.leaf:12 src/app.top:5 = 3 samples, 30 ms',
  ])
  t.same(
    profile.locations.map(({ lines: [line] }) => [
      line?.line,
      line?.column,
      line?.function?.startLine,
    ]),
    [
      [5, 5, 5],
      [10, 10, 10],
      [12, 0, 10],
    ],
  )
})

t.test('what V8 knows no line of stays with the function', async (t) => {
  const profile = await encode(
    t,
    recordingOf({ main: profileOf({ name: 'f', url: app, line: 0, hits: 3, ticks: { 2: 1 } }) }),
  )
  t.same(show(profile), ['src/app.f:2 = 1 samples, 10 ms', 'src/app.f:1 = 2 samples, 20 ms'])
})

t.test('idle time is left out, the program and garbage collection stay', async (t) => {
  const special = ['(program)', '(idle)', '(garbage collector)'].map((name) => ({ name, hits: 1 }))
  const profile = await encode(t, recordingOf({ main: profileOf(...special) }))
  t.same(show(profile), [
    '(program):0 = 1 samples, 10 ms',
    '(garbage collector):0 = 1 samples, 10 ms',
  ])
})

t.test('two nodes with the same stack are one sample', async (t) => {
  const f = { name: 'f', url: app, line: 3, hits: 1, ticks: { 4: 1 } }
  const profile = await encode(t, recordingOf({ main: profileOf(f, f) }))
  t.same(show(profile), ['src/app.f:4 = 2 samples, 20 ms'])
})

t.test('threads share locations and differ in their labels', async (t) => {
  const main = profileOf({ name: 'f', url: app, line: 3, hits: 2 })
  const profile = await encode(t, recordingOf({ main, 'worker 1': main }))
  t.same(
    profile.samples.map(({ labels }) => labels[0]?.str),
    ['main', 'worker 1'],
  )
  t.equal(profile.locations.length, 1)
})

t.test('addresses are the same for the same function in every recording', async (t) => {
  const f = { name: 'f', url: app, line: 3, hits: 1, ticks: { 5: 1 } }
  const g = { name: 'g', url: app, line: 8, hits: 1 }
  const one = await encodeCpuProfile(recordingOf({ main: profileOf(f, g) }), 'pprof')
  const other = await encodeCpuProfile(recordingOf({ main: profileOf(g, f) }), 'pprof')
  t.same(new Map(one.symbols), new Map(other.symbols))
  t.match(new Set(one.symbols.map(([, name]) => name)), new Set(['src/app.f', 'src/app.g']))
})

const skip = spawnSync('go', ['version']).status === 0 ? false : 'go is not installed'

t.test('go tool pprof reads names, lines, labels and comments', { skip }, async (t) => {
  const { bytes } = await encodeCpuProfile(recordingOf({ main: fixture('node20') }), 'pprof')
  const file = join(t.testdir(), 'cpu.pb.gz')
  writeFileSync(file, bytes)
  const pprof = (...args: readonly string[]): string => {
    const run = spawnSync('go', ['tool', 'pprof', ...args, file], { encoding: 'utf8' })
    t.equal(run.status, 0, run.stderr)
    return run.stdout
  }
  t.match(pprof('-top', '-nodefraction=0'), /% {2}src\/db\.query\n/)
  t.match(pprof('-top', '-lines', '-nodefraction=0'), /src\/db\.query .*\/src\/db\.js:\d/)
  t.match(pprof('-raw'), /samples\/count cpu\/nanoseconds\[dflt\]/)
  t.match(pprof('-raw'), /src\/k.chin & co\.cook \/srv\/shop\/src\/köchin & co\.mjs:1:27/)
  t.match(pprof('-traces'), /express\/lib\/router\/index\.handle/)
  t.match(pprof('-tags'), /thread: Total .*\n.*main\n/)
  t.match(pprof('-comments'), /200 Hz asked/)
})
