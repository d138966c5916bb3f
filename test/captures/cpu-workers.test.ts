import t from 'tap'
import { recordCpu } from '../../src/captures/cpu.ts'
import { nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'
import { isAsBefore, newTargets, obey, spawnObedient, targetOf } from '../targets/new-targets.ts'

// As in test/fixtures/targets/busy.cjs: short calls out of V8's own code, lest V8 give them to the caller.
const busyCode = `
  function spinInWorker(seed) {
    let value = seed
    for (let i = 1; i < 6000; i += 1) value = (value * 31 + i) % 1000003
    return value
  }
  setInterval(() => {
    const end = Date.now() + 5
    while (Date.now() < end) Array.from([1], spinInWorker)
  }, 6)`

const startWorker = (code: string, options = '{}') =>
  `new (require('worker_threads').Worker)(${JSON.stringify(code)}, { eval: true, ...${options} })`

t.setTimeout(300_000)

for (const major of nodeMajors) {
  const { path: node = '', reason } = await nodeBinary(major)
  t.test(`records worker threads on Node ${major}`, { skip: reason ?? false }, async (t) => {
    const targets = newTargets(t)
    const spawned = await spawnObedient(t, { node })
    await obey(spawned, startWorker(busyCode, '{ name: "pool" }'))
    await obey(spawned, startWorker(busyCode))
    const recording = await recordCpu(targets, await targetOf(targets, spawned), {
      durationMs: 700,
      hz: 100,
    })
    const [main, ...workers] = recording.threads
    t.equal(main?.thread, 'main')
    t.equal(workers.length, 2)
    for (const { pid, profileJson } of workers) {
      t.equal(pid, spawned.pid)
      t.match(Buffer.from(profileJson).toString(), /spinInWorker/)
    }
    t.ok(
      workers.every(({ thread }) => /^(pool|worker)#\d+$/.test(thread)),
      'named',
    )
    t.strictSame(recording.missing, [])
    await isAsBefore(t, spawned)
  })
}

t.test('a worker that starts or ends meanwhile does not spoil the capture', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnObedient(t)
  const target = await targetOf(targets, spawned)
  await obey(spawned, startWorker(`setTimeout(() => {}, 300)`))
  const recording = await recordCpu(targets, target, {
    durationMs: 1200,
    hz: 100,
    onPhase: (phase) => {
      if (phase === 'recording') spawned.send(startWorker(busyCode, '{ name: "late" }'))
    },
  })
  const names = recording.threads.map(({ thread }) => thread.replace(/#.*/, ''))
  t.strictSame(names, ['main', 'late'])
  t.match(recording.missing, [/^worker#\d+$/])
  await isAsBefore(t, spawned)
})

t.test('endEarly keeps what was recorded', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnObedient(t)
  const startedMs = performance.now()
  const recording = await recordCpu(targets, await targetOf(targets, spawned), {
    durationMs: 60_000,
    hz: 100,
    endEarly: AbortSignal.timeout(1000),
  })
  t.ok(performance.now() - startedMs < 30_000)
  t.equal(recording.threads.length, 1)
  await isAsBefore(t, spawned)
})

t.test('a pause that is estimated too long is refused before the target is touched', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnObedient(t)
  const target = await targetOf(targets, spawned)
  const options = { durationMs: 100, hz: 100, maxPauseMs: 0 }
  await t.rejects(recordCpu(targets, target, options), { code: 'pause-too-long' })
  t.equal(spawned.stderr.text(), '')
  await recordCpu(targets, target, { ...options, maxPauseMs: 60_000 })
  await isAsBefore(t, spawned)
})
