import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { CpuRecording } from '../../src/captures/cpu-recording.ts'
import { cpuStacks } from '../../src/convert/cpu-stacks.ts'
import { type FlightOptions, FlightRecorder } from '../../src/recorder/flight-recorder.ts'
import type { Target } from '../../src/targets/target.ts'
import type { Targets } from '../../src/targets/targets.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { nodeBinary } from '../fixtures/support/node-binaries.ts'
import { profilerThreads } from '../fixtures/support/profiler-threads.ts'
import { type SpawnedTarget, spawnTarget } from '../fixtures/support/spawn-target.ts'
import { configured, newTargets, until } from '../targets/new-targets.ts'

t.setTimeout(180_000)

const options: FlightOptions = {
  continuous: true,
  continuousTargets: false,
  scraped: false,
  door: 'closed',
  hz: 100,
  keepSeconds: 600,
  maxBytes: 16 * 1024 * 1024,
}

interface Recorded {
  readonly targets: Targets
  readonly recorder: FlightRecorder
  readonly spawned: SpawnedTarget
  readonly target: Target
  readonly started: readonly string[]
  readonly ended: readonly unknown[]
}

async function recordedTarget(
  t: Test,
  different: Partial<FlightOptions> = {},
  node?: string,
): Promise<Recorded> {
  const spawned = await spawnTarget(t, 'busy.cjs', {
    nodeArguments: ['--inspect-port=0'],
    ...(node !== undefined && { node }),
  })
  const targets = newTargets(t, { configured: [configured('shop', { pid: spawned.pid })] })
  const started: string[] = []
  const ended: unknown[] = []
  const recorder = new FlightRecorder(
    targets,
    { ...options, ...different },
    {
      onStart: ({ id }) => started.push(id),
      onEnd: (_, reason) => ended.push(reason),
    },
  )
  t.teardown(() => recorder.stop())
  const target = await targets.resolve('shop')
  return { targets, recorder, spawned, target, started, ended }
}

/** The share of running time that each function has itself. */
function shares(recording: CpuRecording): ReadonlyMap<string, number> {
  const { frames, threads } = cpuStacks(recording)
  const [main] = threads
  const byName = new Map<string, number>()
  let sum = 0
  for (const [stack, us] of main?.selfUs.entries() ?? []) {
    const frame = frames[main?.frames[stack] ?? -1]
    if (frame === undefined || frame.isIdle) continue
    sum += us
    const name = frame.name.slice(frame.name.lastIndexOf('.') + 1)
    byName.set(name, (byName.get(name) ?? 0) + us)
  }
  return new Map([...byName].map(([name, us]) => [name, us / sum]))
}

// Under the others it was seen by hand.
for (const [door, majors] of [
  ['closed', [18, 20, 26]],
  ['open', [20]],
] as const) {
  for (const major of majors) {
    const { path: node, reason } = await nodeBinary(major)
    const title = `the last seconds of a target on Node ${major}, its inspector ${door} meanwhile`
    t.test(title, { skip: reason ?? false }, async (t) => {
      const { recorder, spawned, target, started, ended } = await recordedTarget(t, { door }, node)
      recorder.start()
      t.ok(await until(() => started.length === 1), 'begins by itself')
      t.equal((await listeningPorts(spawned.pid)).length, door === 'open' ? 1 : 0)
      await sleep(1500)
      const recording = await recorder.last(target, 60)
      const [main] = recording.threads
      t.equal(main?.thread, 'main')
      t.equal(recording.askedHz, 100)
      const again = await recorder.last(target, 60)
      t.equal(again.threads[0]?.laterWindows?.length, 1, 'what was asked for is kept, too')
      const found = shares(again)
      t.ok(Math.abs((found.get('burnSixty') ?? 0) - 0.6) < 0.15, JSON.stringify([...found]))
      t.notMatch(JSON.stringify(cpuStacks(again).frames), /pprofd:window/)
      t.ok((recorder.figures(target)?.usedHeapBytes ?? 0) > 1e6, 'its heap is known')
      await recorder.stop()
      t.equal(await profilerThreads(spawned.pid), 0, 'nothing is left on')
      t.strictSame(await listeningPorts(spawned.pid), [])
      t.strictSame(ended, [])
    })
  }
}

t.test('a request is answered out of the chain, and costs no walk over the heap', async (t) => {
  const { recorder, spawned, target, started } = await recordedTarget(t)
  t.equal(
    await recorder.record(target, { hz: 100, durationMs: 100 }),
    undefined,
    'not before it is',
  )
  await t.rejects(recorder.last(target, 10), { code: 'not-recorded' })
  recorder.start()
  t.ok(await until(() => started.length === 1))
  t.equal(await recorder.record(target, { hz: 99, durationMs: 100 }), undefined, 'at another rate')
  const [one, two] = await Promise.all([
    recorder.record(target, { hz: 100, durationMs: 700 }),
    recorder.record(target, { hz: 100, durationMs: 300 }),
  ])
  for (const [recording, askedMs] of [
    [one, 700],
    [two, 300],
  ] as const) {
    const [main] = recording ? cpuStacks(recording).threads : []
    const durationMs = (main?.durationUs ?? 0) / 1000
    t.ok(durationMs >= askedMs - 50, `${askedMs} ms are ${Math.round(durationMs)}`)
    t.equal(recording?.askedDurationMs, askedMs)
    t.ok(main?.onCpu, 'with the clocks of the kernel')
  }
  const giveUp = new AbortController()
  const given = recorder.record(target, { hz: 100, durationMs: 60_000, signal: giveUp.signal })
  setTimeout(() => giveUp.abort(new Error('left')), 200)
  await t.rejects(given, { code: 'capture-aborted' })
  t.equal(await profilerThreads(spawned.pid), 1, 'the chain goes on')

  const cut = recorder.record(target, { hz: 100, durationMs: 60_000 })
  setTimeout(() => spawned.child.kill('SIGKILL'), 200)
  await t.rejects(cut, { code: 'target-vanished' })
})

t.test('a target that exits is not held up, and its next run is recorded', async (t) => {
  for (const door of ['closed', 'open'] as const) {
    const { recorder, spawned, started, ended } = await recordedTarget(t, { door })
    recorder.start()
    t.ok(await until(() => started.length === 1))
    spawned.child.kill('SIGTERM')
    t.ok(await until(() => spawned.child.exitCode !== null || spawned.child.signalCode !== null))
    t.ok(await until(() => ended.length === 1))
    t.match(ended, [{ code: 'target-vanished' }])
    await recorder.stop()
  }
})

t.test('who is scraped stays recorded, until the scraper is gone', async (t) => {
  const different = { continuous: false, scraped: true } as const
  const { recorder, spawned, target, started } = await recordedTarget(t, different)
  recorder.start()
  const scrape = () => recorder.record(target, { hz: 100, durationMs: 200 })
  t.equal(await scrape(), undefined)
  await sleep(1200)
  t.equal(await scrape(), undefined, 'two are chance')
  await sleep(1200)
  t.match(await scrape(), { askedHz: 100 }, 'the third one comes out of the chain')
  t.equal(started.length, 1)
  t.ok(await until(async () => (await profilerThreads(spawned.pid)) === 0, 30_000), 'let go')
})
