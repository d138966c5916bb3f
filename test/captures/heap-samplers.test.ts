// Sampling that goes on between requests, and requests that share a recording.
import t from 'tap'
import { type HeapRequest, HeapSamplers } from '../../src/captures/heap-samplers.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'
import { isAsBefore, newTargets, targetOf, until } from '../targets/new-targets.ts'
import { ask, bytesOf, leakedBytes, spawnLeaky } from './leaky.ts'

t.setTimeout(300_000)

const request: HeapRequest = {
  counting: 'live',
  durationMs: 500,
  samplingIntervalBytes: 16_384,
  gc: false,
  isDelta: false,
  isContinuous: true,
}

for (const major of nodeMajors) {
  const { path: node = '', reason } = await nodeBinary(major)
  const skip = reason ?? false

  t.test(
    `samples on between requests on Node ${major}, and ends with close`,
    { skip },
    async (t) => {
      const targets = newTargets(t)
      const samplers = new HeapSamplers(targets)
      t.teardown(() => samplers.close())
      const spawned = await spawnLeaky(t, { node })
      const target = await targetOf(targets, spawned)
      const first = await samplers.record(target, request)
      t.ok(first.readAtMs - first.startedAtMs >= 450, 'the first one waits')
      const before = await leakedBytes(spawned)
      await new Promise((resolve) => setTimeout(resolve, 1500))
      const later = await samplers.record(target, { ...request, gc: true })
      const leaked = (await leakedBytes(spawned)) - before
      const [main] = later.threads
      t.match(main, { sampler: 'own', counting: 'live', collected: major < 26 })
      const grown = bytesOf(main, 'leak') - bytesOf(first.threads[0], 'leak')
      t.ok(grown > leaked * 0.7 && grown < leaked * 1.4, `${grown} of ${leaked} bytes`)
      // Ten times as much garbage was made as leaked; what counts is made after the collection.
      t.ok(bytesOf(main, 'churn') < bytesOf(main, 'leak'), 'garbage is gone after gc')
      t.equal(later.startedAtMs, first.startedAtMs, 'it is the same sampler')
      t.equal(samplers.continuousCount, 1)
      await samplers.close()
      t.same(await listeningPorts(spawned.pid), [])
      t.equal(await ask(spawned, 'sample', 'sampling'), 'true')
      t.ok(Number(await ask(spawned, 'read', 'read')) < 1e6, 'another sampler begins from nothing')
      await isAsBefore(t, spawned)
      await t.rejects(samplers.record(target, request), { code: 'capture-aborted' })
    },
  )
}

t.test(
  'who asks without continuous, or for less than is allowed, ends it or is refused',
  async (t) => {
    const targets = newTargets(t)
    const samplers = new HeapSamplers(targets)
    t.teardown(() => samplers.close())
    const spawned = await spawnLeaky(t)
    const target = await targetOf(targets, spawned)
    await samplers.record(target, request)
    const window = await samplers.record(target, {
      ...request,
      isContinuous: false,
      durationMs: 100,
    })
    t.match(window, { mode: 'window', threads: [{ sampler: 'own' }] })
    t.equal(samplers.continuousCount, 0)
    await samplers.record(target, request)
    await samplers.letGoOfAll()
    t.equal(samplers.continuousCount, 0)
    t.ok(await until(async () => (await listeningPorts(spawned.pid)).length === 0))
    const forbidden = samplers.record({ ...target, profiles: ['profile'] }, request)
    await t.rejects(forbidden, { code: 'target-forbidden' })
    const refused = samplers.record(target, { ...request, maxPauseMs: 1 })
    await t.rejects(refused, { code: 'pause-too-long' })
  },
)

t.test('a foreign sampler is read on and on, and our own beside it in a worker', async (t) => {
  const targets = newTargets(t)
  const samplers = new HeapSamplers(targets)
  t.teardown(() => samplers.close())
  const spawned = await spawnLeaky(t, { programArguments: ['worker'] })
  const target = await targetOf(targets, spawned)
  await ask(spawned, 'sample', 'sampling')
  for (const isDelta of [false, true]) {
    const { threads } = await samplers.record(target, { ...request, isDelta })
    t.match(threads, [
      { thread: 'main', sampler: 'foreign' },
      { thread: 'leaky#1', sampler: 'own' },
    ])
  }
  await samplers.close()
  t.ok(Number(await ask(spawned, 'read', 'read')) > 0, 'it is on still')
})

t.test('a recording ends when the last one who waits for it has left', async (t) => {
  const targets = newTargets(t)
  const samplers = new HeapSamplers(targets)
  const spawned = await spawnLeaky(t)
  const target = await targetOf(targets, spawned)
  const long = { ...request, isContinuous: false, durationMs: 60_000 }
  const [one, two, late] = [new AbortController(), new AbortController(), new AbortController()]
  const first = samplers.record(target, { ...long, signal: one.signal })
  const second = samplers.record(target, { ...long, signal: two.signal })
  const attached = async () => (await listeningPorts(spawned.pid)).length === 1
  t.ok(await until(attached))
  one.abort()
  await t.rejects(first, { code: 'capture-aborted' })
  t.ok(await attached(), 'the other one waits still')
  two.abort()
  await t.rejects(second, { code: 'capture-aborted' })
  t.same(await listeningPorts(spawned.pid), [], 'the target is restored when it is told')
  late.abort()
  const gone = samplers.record(target, { ...long, signal: late.signal })
  await t.rejects(gone, { code: 'capture-aborted' })
  const held = samplers.record(target, {
    ...request,
    durationMs: 60_000,
    signal: AbortSignal.timeout(700),
  })
  await t.rejects(held, { code: 'capture-aborted' })
  await samplers.close()
  t.same(await listeningPorts(spawned.pid), [])
})
