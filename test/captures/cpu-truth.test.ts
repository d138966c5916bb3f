// What the samples of real targets say, against what their threads did and used.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { recordCpu } from '../../src/captures/cpu.ts'
import type { CpuRecording } from '../../src/captures/cpu-recording.ts'
import { encodeCpuProfile } from '../../src/convert/cpu-formats.ts'
import { encodeWallProfile } from '../../src/convert/wall-formats.ts'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import { goMissing, goPprof } from '../fixtures/support/go-pprof.ts'
import { nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { isAsBefore, newTargets, targetOf } from '../targets/new-targets.ts'

const nodeArguments = ['--inspect-port=0']

t.setTimeout(120_000)

/** Of the stacks that hold the function: samples, and ns of time. */
async function sumsOf(recording: CpuRecording, kind: 'cpu' | 'wall') {
  const encode = kind === 'cpu' ? encodeCpuProfile : encodeWallProfile
  const { samples, comments } = decodeProfile((await encode(recording, 'pprof')).bytes)
  const sum = (name: RegExp, state?: string) => {
    const found = samples.filter(
      ({ stack, labels }) =>
        stack.some((location) => name.test(location?.lines[0]?.function?.name ?? '')) &&
        (state === undefined || labels.some(({ str }) => str === state)),
    )
    const total = (type: 0 | 1) => found.reduce((all, { values }) => all + (values[type] ?? 0), 0)
    return { samples: total(0), seconds: total(1) / 1e9 }
  }
  return { sum, comments: comments.join('\n') }
}

t.test(
  'waiting in native code is no CPU time, but is told, and a wall profile has it',
  async (t) => {
    const targets = newTargets(t)
    const spawned = await spawnTarget(t, 'waits.cjs', { nodeArguments })
    const recording = await recordCpu(targets, await targetOf(targets, spawned), {
      durationMs: 2700,
      hz: 100,
    })
    const { sum, comments } = await sumsOf(recording, 'cpu')
    const [used = { usedUs: 0 }, last = { usedUs: 0 }] = [
      recording.threads[0]?.cpuTimes?.at(0),
      recording.threads[0]?.cpuTimes?.at(-1),
    ]
    const usedSeconds = (last.usedUs - used.usedUs) / 1e6
    const all = sum(/waits\.\(anonymous|waits\.round|listOnTimeout|processImmediate/)
    t.ok(all.seconds <= usedSeconds + 0.15, `${all.seconds} s of ${usedSeconds} s used`)
    const wall = await sumsOf(recording, 'wall')
    const blockedShare = (name: RegExp) => sum(name, 'blocked').samples / sum(name).samples
    const cpuShare = (name: RegExp) => sum(name).seconds / wall.sum(name).seconds
    for (const name of [/waits\.runsChild$/, /waits\.waitsForOther$/]) {
      // The rest are samples of stretches in which something else ran, too.
      t.ok(blockedShare(name) > 0.4, `${name}: ${blockedShare(name)} of its samples are blocked`)
      t.equal(sum(name, 'blocked').seconds, 0)
      t.ok(cpuShare(name) < 0.35, `${name}: ${cpuShare(name)} of its time is CPU time`)
      t.ok(cpuShare(name) < cpuShare(/waits\.burns$/), `${cpuShare(/waits\.burns$/)} of burns is`)
      t.ok(blockedShare(name) > blockedShare(/waits\.burns$/), 'who computes is not blamed')
    }
    t.match(comments, /main used .* s blocked in native code .*\(label state=blocked/)
    t.match(comments, /CPU time of other threads: .*V8's CPU profiler thread/)
    t.ok(wall.sum(/waits\.runsChild$/).seconds > 0.4, 'the wall profile has what it waited')
    if (await goMissing()) return
    const file = join(t.testdir(), 'cpu.pb.gz')
    writeFileSync(file, (await encodeCpuProfile(recording, 'pprof')).bytes)
    const blocked = ['-sample_index=samples', '-tagfocus=state=blocked', '-cum', '-top', file]
    const top = await goPprof(t, blocked)
    t.match(top.stdout, /waits\.runsChild$/m)
    t.match(top.stdout, /waits\.waitsForOther$/m)
  },
)

for (const major of nodeMajors.filter((one) => one === 20 || one === 24)) {
  const { path: node = '', reason } = await nodeBinary(major)
  const title = `a function that was in its hot loop before is named, or warned of, on Node ${major}`
  t.test(title, { skip: reason ?? false }, async (t) => {
    const targets = newTargets(t)
    const spawned = await spawnTarget(t, 'blocked-one-loop.cjs', { node, nodeArguments })
    await sleep(500)
    const recording = await recordCpu(targets, await targetOf(targets, spawned), {
      durationMs: 1500,
      hz: 100,
    })
    const { checks = [] } = recording.threads[0] ?? {}
    t.ok(checks.length > 0 && checks.length <= 4, `${checks.length} checks`)
    t.match(checks[0]?.frames[0], { functionName: 'loopWithoutCalls', url: /^file:\/\/\// })
    const { sum, comments } = await sumsOf(recording, 'cpu')
    const loop = sum(/blocked-one-loop\.loopWithoutCalls$/)
    const isNamed = loop.samples > 20
    t.ok(isNamed || /warning: .* shows loopWithoutCalls/.test(comments), comments)
    if (isNamed) t.match(comments, /hot loop: V8 gave \d+ samples in a row of loopWithoutCalls/)
    await isAsBefore(t, spawned)
  })
}

t.test('a thread that rests is never asked what it runs', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnTarget(t, 'idle.cjs', { nodeArguments })
  const recording = await recordCpu(targets, await targetOf(targets, spawned), {
    durationMs: 700,
    hz: 100,
  })
  t.same(recording.threads[0]?.checks, [])
  t.ok((recording.threads[0]?.cpuTimes?.length ?? 0) > 3, 'its clock was read')
})

t.test('workers have their own clocks, and end without harm', async (t) => {
  const targets = newTargets(t)
  const options = { nodeArguments, programArguments: ['one', 'two'] }
  const spawned = await spawnTarget(t, 'workers.cjs', options)
  const recording = await recordCpu(targets, await targetOf(targets, spawned), {
    durationMs: 1000,
    hz: 100,
  })
  const clocks = recording.threads.map(({ thread, cpuTimes }) => [
    thread,
    (cpuTimes?.at(-1)?.usedUs ?? 0) - (cpuTimes?.at(0)?.usedUs ?? 0),
  ])
  t.match(clocks, [['main'], [/^one#/], [/^two#/]])
  for (const [thread, usedUs] of clocks.slice(1)) {
    t.ok(Number(usedUs) > 20_000, `${thread} used ${usedUs} us`)
  }
  const names = recording.nativeThreads?.map(({ name }) => name) ?? []
  t.ok(names.includes('(V8 worker threads)'), names.join(', '))
  t.notOk(names.includes('(main thread)'), 'the main thread has its samples')
  await isAsBefore(t, spawned)
})
