import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { recordCpu } from '../../src/captures/cpu.ts'
import type { CpuRecording } from '../../src/captures/cpu-recording.ts'
import { encodeCpuProfile } from '../../src/convert/cpu-formats.ts'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import { nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'
import { profilerThreads } from '../fixtures/support/profiler-threads.ts'
import { type SpawnedTarget, spawnTarget } from '../fixtures/support/spawn-target.ts'
import { isAsBefore, newTargets, targetOf, until } from '../targets/new-targets.ts'

const nodeArguments = ['--inspect-port=0']

t.setTimeout(300_000)

/** Functions that a thread was seen in. */
function functionsOf({ threads }: CpuRecording, thread: string): readonly string[] {
  const text = Buffer.from(threads.find((each) => each.thread === thread)?.profileJson ?? '{}')
  const { nodes = [] } = JSON.parse(text.toString())
  return nodes.map((node: { callFrame: { functionName: string } }) => node.callFrame.functionName)
}

const threadsOf = ({ threads }: CpuRecording) => threads.map(({ thread }) => thread)

for (const major of nodeMajors) {
  const { path: node = '', reason } = await nodeBinary(major)
  const skip = reason ?? false
  t.test(`workers of Node ${major} that run, start and end are recorded`, { skip }, async (t) => {
    const targets = newTargets(t)
    const programArguments = ['pool', 'pool', '-', 'ends']
    const spawned = await spawnTarget(t, 'workers.cjs', { node, nodeArguments, programArguments })
    const target = await targetOf(targets, spawned)
    let running = 0
    const recording = await recordCpu(targets, target, {
      durationMs: 2000,
      hz: 100,
      onPhase: async (phase) => {
        if (phase !== 'recording') return
        running = await profilerThreads(spawned.pid)
        for (const line of ['start late', 'end ends']) spawned.send(line)
      },
    })
    t.equal(running, 5, 'five threads are recorded at once')
    t.strictSame(threadsOf(recording), ['main', 'late#5', 'pool#1', 'pool#2', 'worker#3'])
    t.strictSame(recording.missing, ['ends#4'])
    for (const thread of threadsOf(recording).slice(1)) {
      t.ok(functionsOf(recording, thread).includes('burnInWorker'), `${thread} burns`)
    }
    t.notOk(functionsOf(recording, 'main').includes('burnInWorker'))
    const { bytes } = await encodeCpuProfile(recording, 'pprof')
    const labels = decodeProfile(bytes).samples.flatMap(({ labels }) => labels)
    const named = new Set(labels.filter(({ key }) => key === 'thread').map(({ str }) => str))
    for (const thread of threadsOf(recording).slice(1))
      t.ok(named.has(thread), `${thread} is a label`)
    t.ok(await until(async () => (await profilerThreads(spawned.pid)) === 0), 'all are off')

    const again = await recordCpu(targets, target, { durationMs: 300, hz: 100 })
    t.strictSame(threadsOf(again), threadsOf(recording), 'they can be recorded again')
    t.strictSame(again.missing, [])
    t.ok(await until(async () => (await profilerThreads(spawned.pid)) === 0))
    await isAsBefore(t, spawned)
  })
}

for (const major of nodeMajors) {
  const { path: node = '', reason } = await nodeBinary(major)
  const skip = reason ?? false
  t.test(
    `a worker of Node ${major} that waits in Atomics.wait is recorded`,
    { skip },
    async (t) => {
      const targets = newTargets(t)
      const programArguments = ['waits', 'burns']
      const spawned = await spawnTarget(t, 'workers.cjs', { node, nodeArguments, programArguments })
      await tell(spawned, 'wait waits')
      await sleep(100)
      const target = await targetOf(targets, spawned)
      const recording = await recordCpu(targets, target, { durationMs: 500, hz: 100 })
      t.strictSame(threadsOf(recording), ['main', 'burns#2', 'waits#1'])
      t.ok(functionsOf(recording, 'waits#1').includes('block'), 'where it waits is seen')
      t.ok(await until(async () => (await profilerThreads(spawned.pid)) === 0), 'while it waits')
      await tell(spawned, 'wake waits')
      await sleep(200)
      t.equal(await profilerThreads(spawned.pid), 0, 'and when it goes on')
      await isAsBefore(t, spawned)
    },
  )
}

t.test('a worker in native code is missing, and does not hang the capture', async (t) => {
  const targets = newTargets(t)
  const programArguments = ['stuck', 'burns']
  const spawned = await spawnTarget(t, 'workers.cjs', { nodeArguments, programArguments })
  const target = await targetOf(targets, spawned)
  await tell(spawned, 'native stuck')
  await sleep(100)
  const startedMs = performance.now()
  const recording = await recordCpu(targets, target, { durationMs: 500, hz: 100 })
  t.comment(`500 ms took ${Math.round(performance.now() - startedMs)} ms`)
  t.strictSame(threadsOf(recording), ['main', 'burns#2'])
  t.strictSame(recording.missing, ['stuck#1'])
  t.equal(await profilerThreads(spawned.pid), 0)
  const again = async () => recordCpu(targets, target, { durationMs: 300, hz: 100 })
  t.ok(await until(async () => (await again()).missing.length === 0, 30_000), 'until it is back')
  t.ok(await until(async () => (await profilerThreads(spawned.pid)) === 0))
  await isAsBefore(t, spawned)
})

async function tell(spawned: SpawnedTarget, line: string): Promise<void> {
  spawned.send(line)
  await spawned.stdout.waitFor(new RegExp(`^${line}$`))
}
