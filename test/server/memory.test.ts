import t from 'tap'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { configured, isAsBefore, spawnObedient } from '../targets/new-targets.ts'
import { startApp } from './start-app.ts'

t.test('the memory of a target, from outside and from within', async (t) => {
  const spawned = await spawnObedient(t)
  const { app, log } = startApp(t)
  const answer = await app.inject(`/targets/${spawned.pid}/memory`)
  t.equal(answer.statusCode, 200)
  t.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
  const memory = answer.json()
  t.match(memory, {
    target: String(spawned.pid),
    pid: spawned.pid,
    resident: { residentBytes: Number, anonymousBytes: Number, virtualBytes: Number },
    host: { totalBytes: Number, availableBytes: Number },
    v8: {
      nodeVersion: process.version,
      openedInspector: true,
      memoryUsage: { rss: Number, heapUsed: Number, external: Number, arrayBuffers: Number },
      heapStatistics: { used_heap_size: Number, heap_size_limit: Number },
      heapSpaces: { old_space: { space_used_size: Number } },
    },
    v8Missing: null,
    heapSnapshotEstimate: { pauseMs: { from: Number, to: Number } },
  })
  const { resident, v8, heapSnapshotEstimate } = memory
  t.ok(resident.residentBytes > 20e6 && resident.residentBytes <= resident.residentPeakBytes)
  t.equal(heapSnapshotEstimate.heapBytes, v8.heapStatistics.used_heap_size)
  t.match(log.at(-1), { msg: 'memory capture ended', outcome: 'ok', openedInspector: true })
  await isAsBefore(t, spawned)
})

t.test('v8=0 touches nothing', async (t) => {
  const spawned = await spawnObedient(t)
  const { app, log } = startApp(t)
  const memory = (await app.inject(`/targets/${spawned.pid}/memory?v8=0`)).json()
  t.match(memory, { v8: null, v8Missing: 'not asked for', resident: { residentBytes: Number } })
  t.equal(memory.heapSnapshotEstimate.heapBytes, memory.resident.anonymousBytes)
  t.equal(log.length, 0)
  t.notOk(spawned.stderr.text().includes('Debugger'))
  t.equal((await app.inject(`/targets/${spawned.pid}/memory?v8=yes`)).statusCode, 400)
})

t.test('what cannot be attached to is seen from outside, with the reason', async (t) => {
  const spawned = await spawnObedient(t)
  const means = { pid: spawned.pid }
  const { app } = startApp(t, {
    targets: {
      configured: [
        configured('silent', { ...means, signal: false }),
        configured('closed-port', { port: 1 }),
      ],
    },
  })
  const silent = (await app.inject('/targets/silent/memory')).json()
  t.match(silent, { v8: null, v8Missing: /signal: false/, resident: { residentBytes: Number } })
  const byPort = (await app.inject('/targets/closed-port/memory')).json()
  t.match(byPort, {
    pid: 0,
    resident: null,
    cgroup: null,
    host: { totalBytes: Number },
    v8: null,
    v8Missing: /^no inspector answers on 127.0.0.1:1/,
    heapSnapshotEstimate: null,
  })
  t.strictSame(await listeningPorts(spawned.pid), [])
})

t.test('without the permission for heap nobody attaches', async (t) => {
  const spawned = await spawnObedient(t)
  const { app } = startApp(t, { targets: { profiles: ['profile'] } })
  const memory = (await app.inject(`/targets/${spawned.pid}/memory`)).json()
  t.match(memory, { v8: null, v8Missing: /heap is not among its profiles/ })
  t.notOk(spawned.stderr.text().includes('Debugger'))
})
