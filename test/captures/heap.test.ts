// The sampling heap profiler on every Node: what it counts, whose it is, what it leaves.
import t, { type Test } from 'tap'
import { type HeapOptions, recordHeap } from '../../src/captures/heap.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'
import type { SpawnedTarget } from '../fixtures/support/spawn-target.ts'
import { isAsBefore, newTargets, targetOf } from '../targets/new-targets.ts'
import { ask, bytesOf, leakedBytes, spawnLeaky } from './leaky.ts'

t.setTimeout(300_000)

const options: HeapOptions = {
  counting: 'live',
  durationMs: 1500,
  samplingIntervalBytes: 16_384,
  gc: false,
  isDelta: false,
}

for (const major of nodeMajors) {
  const { path: node = '', reason } = await nodeBinary(major)
  const skip = reason ?? false

  t.test(`counts what lives on Node ${major} and leaves nothing`, { skip }, async (t) => {
    const targets = newTargets(t)
    const spawned = await spawnLeaky(t, { node })
    const target = await targetOf(targets, spawned)
    const before = await leakedBytes(spawned)
    const recording = await recordHeap(targets, target, options)
    const leaked = (await leakedBytes(spawned)) - before
    t.strictSame(await listeningPorts(spawned.pid), [])
    const [main, ...others] = recording.threads
    t.same(others, [])
    t.match(main, { thread: 'main', sampler: 'own', counting: 'live', collected: true })
    t.match(recording, { missing: [], mode: 'window', isDelta: false, openedInspector: true })
    const seen = bytesOf(main, 'leak')
    t.ok(
      seen > leaked * 0.6 && seen < leaked * 1.2,
      `${seen} of ${leaked} bytes, the attach included`,
    )
    t.ok(bytesOf(main, 'churn') < seen * 0.05, 'garbage is gone')
    t.ok((main?.native?.arrayBuffersBytes ?? 0) > 0)
    t.ok(recording.readPauseMs > 0 && recording.readPauseMs < 5000)
    t.ok((recording.statistics?.['v8.getHeapStatistics()']?.used_heap_size ?? 0) > 1e6)
    t.ok(recording.statistics?.['v8.getHeapSpaceStatistics() new_space'])
    t.notOk(await isSampled(t, spawned))
    await isAsBefore(t, spawned)
  })

  t.test(`counts what was allocated on Node ${major}, where V8 can`, { skip }, async (t) => {
    const targets = newTargets(t)
    const spawned = await spawnLeaky(t, { node })
    const target = await targetOf(targets, spawned)
    const recording = await recordHeap(targets, target, { ...options, counting: 'allocated' })
    const [main] = recording.threads
    const [leak, churn] = [bytesOf(main, 'leak'), bytesOf(main, 'churn')]
    if (major === 18) {
      t.match(main, { counting: 'live' })
      t.ok(churn < leak * 0.1, 'V8 10 has no such flags')
    } else {
      t.match(main, { counting: 'allocated', collected: major < 26 })
      t.ok(churn > leak * 6 && churn < leak * 15, `${churn} and ${leak}, which is ten to one`)
    }
    t.notOk(await isSampled(t, spawned))
    await isAsBefore(t, spawned)
  })

  t.test(`reads a foreign sampler on Node ${major} and leaves it on`, { skip }, async (t) => {
    const targets = newTargets(t)
    const spawned = await spawnLeaky(t, { node })
    const target = await targetOf(targets, spawned)
    t.equal(await ask(spawned, 'sample', 'sampling'), 'true')
    const before = await leakedBytes(spawned)
    for (const isDelta of [false, true]) {
      const recording = await recordHeap(targets, target, { ...options, isDelta, durationMs: 500 })
      const [main] = recording.threads
      t.match(main, { sampler: 'foreign', counting: 'live', collected: undefined })
      t.equal(main?.baseline?.profileJson !== undefined, isDelta)
    }
    const abort = new AbortController()
    const onPhase = () => setTimeout(() => abort.abort(), 50)
    const aborted = { ...options, isDelta: true, signal: abort.signal, onPhase }
    await t.rejects(recordHeap(targets, target, aborted), { code: 'capture-aborted' })
    const leaked = (await leakedBytes(spawned)) - before
    const seen = Number(await ask(spawned, 'read', 'read'))
    t.ok(
      seen > leaked * 0.8 && seen < leaked * 1.25,
      `its own profile is complete: ${seen}, ${leaked}`,
    )
    await isAsBefore(t, spawned)
  })

  t.test(`an aborted capture leaves no sampler on Node ${major}`, { skip }, async (t) => {
    const targets = newTargets(t)
    const spawned = await spawnLeaky(t, { node })
    const target = await targetOf(targets, spawned)
    const counted = { ...options, counting: 'allocated', durationMs: 60_000 } as const
    for (const delayMs of [0, 3, 10, 300]) {
      const abort = new AbortController()
      const onPhase = (phase: string) => {
        if (phase === 'recording' || delayMs < 300) setTimeout(() => abort.abort(), delayMs)
      }
      const recording = recordHeap(targets, target, { ...counted, signal: abort.signal, onPhase })
      await t.rejects(recording, { code: 'capture-aborted' })
      t.strictSame(await listeningPorts(spawned.pid), [])
    }
    t.notOk(await isSampled(t, spawned))
    await isAsBefore(t, spawned)
  })
}

t.test('an aborted capture does not stop a sampler that others start afterwards', async (t) => {
  const targets = newTargets(t, { lingerMs: 60_000 })
  const spawned = await spawnLeaky(t)
  const target = await targetOf(targets, spawned)
  const abort = new AbortController()
  const onPhase = (phase: string) => phase === 'recording' && abort.abort()
  const given = recordHeap(targets, target, { ...options, signal: abort.signal, onPhase })
  await t.rejects(given, { code: 'capture-aborted' })
  await recordHeap(targets, target, { ...options, durationMs: 100 })
  await ask(spawned, 'sample', 'sampling')
  await targets.close()
  t.ok(Number(await ask(spawned, 'read', 'read')) >= 0)
})

t.test('worker threads are read as well, by name', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnLeaky(t, { programArguments: ['worker'] })
  const target = await targetOf(targets, spawned)
  for (const counting of ['live', 'allocated'] as const) {
    const { threads, missing } = await recordHeap(targets, target, { ...options, counting })
    t.same(missing, [])
    t.match(threads, [{ thread: 'main' }, { thread: 'leaky#1', pid: spawned.pid }])
    const [main = 0, worker = 0] = threads.map((thread) => bytesOf(thread, 'leak'))
    t.ok(worker > main * 0.5 && worker < main * 2, `${worker} and ${main}`)
  }
  await isAsBefore(t, spawned)
})

t.test('gc=1 collects, the recording can end early, and a long pause is refused', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnLeaky(t)
  const target = await targetOf(targets, spawned)
  const startedMs = performance.now()
  const endEarly = AbortSignal.timeout(700)
  const recording = await recordHeap(targets, target, {
    ...options,
    durationMs: 60_000,
    gc: true,
    endEarly,
  })
  t.ok(performance.now() - startedMs < 30_000)
  t.ok(bytesOf(recording.threads[0], 'leak') > 0)
  const refused = recordHeap(targets, target, { ...options, maxPauseMs: 1 })
  await t.rejects(refused, {
    code: 'pause-too-long',
    message: /reading the heap profile would stop/,
  })
})

t.test('a sampler that somebody else stops in mid-recording is named as the reason', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnLeaky(t)
  const target = await targetOf(targets, spawned)
  await ask(spawned, 'sample', 'sampling')
  const onPhase = (phase: string) => phase === 'recording' && spawned.send('stop')
  const recording = recordHeap(targets, target, { ...options, isDelta: true, onPhase })
  await t.rejects(recording, { code: 'recording-invalid', message: /stopped by somebody else/ })
})

/** Whether a sampler runs: then a foreign one would be found. */
async function isSampled(t: Test, spawned: SpawnedTarget): Promise<boolean> {
  const targets = newTargets(t)
  const target = await targetOf(targets, spawned)
  const { threads } = await recordHeap(targets, target, { ...options, durationMs: 1 })
  await targets.close()
  return threads.some(({ sampler }) => sampler === 'foreign')
}
