import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { checkSnapshot, marker, spawnWithHeap } from '../captures/heap-snapshots.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { configured, obey } from '../targets/new-targets.ts'
import { startApp } from './start-app.ts'

const limits = { maxSeconds: 60, capturesPerTarget: 4, captures: 64 }

t.setTimeout(120_000)

t.test('a heap snapshot comes whole, with what it was expected to cost', async (t) => {
  const spawned = await spawnWithHeap(t, 1000)
  const { app, log } = startApp(t)
  for (const url of [
    `/targets/${spawned.pid}/debug/heapsnapshot`,
    `/debug/heapsnapshot?target=${spawned.pid}`,
  ]) {
    const answer = await app.inject(url)
    t.equal(answer.statusCode, 200)
    t.match(answer.headers, {
      'content-type': 'application/json',
      'content-disposition': new RegExp(
        `^attachment; filename="heap-${spawned.pid}-\\d{8}T\\d{6}Z\\.heapsnapshot"$`,
      ),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-pprofd-pid': String(spawned.pid),
      'x-pprofd-attach-ms': /^\d+\.\d$/,
      'x-pprofd-heap-bytes': /^\d{7,}$/,
      'x-pprofd-estimated-bytes': /^\d+-\d+$/,
      'x-pprofd-estimated-pause-ms': /^\d+-\d+$/,
      'x-pprofd-estimated-target-bytes': /^\d+-\d+$/,
    })
    t.notOk(answer.headers['content-encoding'])
    t.match(answer.trailers, { 'x-pprofd-pause-ms': /^\d+\.\d$/ })
    t.ok(checkSnapshot(t, answer.rawPayload).strings.includes(marker))
    t.match(log.at(-1), {
      msg: 'heapsnapshot capture ended',
      outcome: 'ok',
      thread: 'main',
      force: false,
      sizeBytes: answer.rawPayload.length,
      pauseMs: Number,
    })
  }
  t.strictSame(await listeningPorts(spawned.pid), [], 'its inspector is closed again')
})

t.test('it is compressed for those who take that', async (t) => {
  const spawned = await spawnWithHeap(t, 0)
  const { app } = startApp(t)
  const url = `/targets/${spawned.pid}/debug/heapsnapshot`
  const answer = await app.inject({ url, headers: { 'accept-encoding': 'br, gzip' } })
  t.equal(answer.headers['content-encoding'], 'gzip')
  checkSnapshot(t, gunzipSync(answer.rawPayload))
})

t.test('a worker thread can be chosen, and must be there', async (t) => {
  const spawned = await spawnWithHeap(t, 0)
  await obey(
    spawned,
    `new (require('worker_threads').Worker)('setInterval(() => {}, 1000)', { eval: true })`,
  )
  const { app } = startApp(t)
  const url = `/targets/${spawned.pid}/debug/heapsnapshot`
  const answer = await app.inject(`${url}?thread=worker%231`)
  t.equal(answer.statusCode, 200)
  t.notOk(checkSnapshot(t, answer.rawPayload).strings.includes(marker))
  const wrong = await app.inject(`${url}?thread=pool%231`)
  t.equal(wrong.statusCode, 400)
  t.equal(wrong.body, 'thread must be one of main, worker#1, not "pool#1"\n')
})

t.test('what the configuration does not allow is 403 and names the option', async (t) => {
  const spawned = await spawnWithHeap(t, 0)
  const { app } = startApp(t, { targets: { profiles: ['profile', 'heap'] } })
  const answer = await app.inject(`/targets/${spawned.pid}/debug/heapsnapshot?force=1`)
  t.equal(answer.statusCode, 403)
  t.equal(answer.headers['x-go-pprof'], '1')
  t.match(answer.body, /^the configuration allows no heapsnapshot of \d+: .*profiles\n$/)
  t.strictSame(await listeningPorts(spawned.pid), [])
})

t.test('a target may be allowed what the others are not', async (t) => {
  const spawned = await spawnWithHeap(t, 0)
  const own = configured('own', { pid: spawned.pid, profiles: ['heapsnapshot'] })
  const { app } = startApp(t, { targets: { profiles: ['profile'], configured: [own] } })
  t.equal((await app.inject('/targets/own/debug/heapsnapshot')).statusCode, 200)
})

t.test('a pause above the limit is 409, and nothing begins; force=1 takes it', async (t) => {
  const spawned = await spawnWithHeap(t, 0)
  const { app, log } = startApp(t, { limits: { ...limits, maxPauseMs: 100 } })
  const url = `/targets/${spawned.pid}/debug/heapsnapshot`
  const answer = await app.inject(url)
  t.equal(answer.statusCode, 409)
  t.match(answer.body, /limits.maxPauseMs is 100; force=1 takes it all the same\n$/)
  t.notOk(answer.headers['content-disposition'])
  t.match(log.at(-1), { outcome: 'pause-too-long' })
  t.equal((await app.inject(`${url}?force=1`)).statusCode, 200)
})
