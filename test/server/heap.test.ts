// /debug/pprof/heap and allocs over HTTP, without and with sampling between requests.
import { gunzipSync } from 'node:zlib'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { checkValid } from '../../src/pprof/check-valid.ts'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import type { Profile } from '../../src/pprof/profile.ts'
import { ask, spawnLeaky } from '../captures/leaky.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { until } from '../targets/new-targets.ts'
import { type AppSettings, startApp } from './start-app.ts'

t.setTimeout(120_000)

const continuous: AppSettings = {
  heap: { continuous: true, seconds: 1, samplingInterval: 16_384 },
}

t.test('heap comes as Go sends it, and says what it cannot know', async (t) => {
  const target = await spawnLeaky(t)
  const { app, log } = startApp(t)
  const answer = await app.inject(`/targets/${target.pid}/debug/pprof/heap`)
  t.equal(answer.statusCode, 200, answer.body)
  t.match(answer.headers, {
    'content-type': 'application/octet-stream',
    'content-disposition': 'attachment; filename="heap"',
    'x-pprofd-pid': String(target.pid),
    'x-pprofd-attach-ms': /^\d+\.\d$/,
    'x-pprofd-pause-ms': /^\d+\.\d$/,
  })
  t.strictSame(checkValid(answer.rawPayload, { nowMs: Date.now() }), [])
  const profile = decodeProfile(gunzipSync(answer.rawPayload))
  t.strictSame(
    profile.sampleTypes.map(({ type, unit }) => `${type}/${unit}`),
    ['alloc_objects/count', 'alloc_space/bytes', 'inuse_objects/count', 'inuse_space/bytes'],
  )
  t.match(profile, { durationNanos: 0, period: 32_768, defaultSampleType: 'inuse_space' })
  t.match(profile.periodType, { type: 'space', unit: 'bytes' })
  const comments = profile.comments.join('\n')
  t.match(
    comments,
    /^sampled: for [1-3](\.\d+)? s, since \S+Z; what was allocated before is not in/m,
  )
  t.match(comments, /^alloc_objects, alloc_space: 0, unknown/m)
  t.match(comments, /^garbage: collected for the reading/m)
  t.ok(profile.samples.every(({ values }) => values[0] === 0 && values[1] === 0))
  t.ok(bytesOf(profile, 'leaky.leak', 3) > 1e6)
  t.ok(bytesOf(profile, '(array buffers)', 3) > 0)
  t.ok(bytesOf(profile, '(external)', 3) > 0)
  t.strictSame(await listeningPorts(target.pid), [])
  const audit = log.filter(({ msg }) => msg === 'heap capture ended')
  t.match(audit, [{ targetPid: target.pid, outcome: 'ok', readPauseMs: Number, isDelta: false }])
})

t.test('allocs counts garbage, and asked together with heap it follows', async (t) => {
  const target = await spawnLeaky(t)
  const { app } = startApp(t)
  const [heap, again, allocs] = await Promise.all([
    profileOf(t, app, `/targets/${target.pid}/debug/pprof/heap`),
    profileOf(t, app, `/debug/pprof/heap?target=${target.pid}`),
    profileOf(t, app, `/targets/${target.pid}/debug/pprof/allocs?gc=1`),
  ])
  t.same(again, heap, 'one recording for both')
  t.equal(allocs.defaultSampleType, 'alloc_space')
  const [leak, churn] = [bytesOf(allocs, 'leaky.leak', 1), bytesOf(allocs, 'leaky.churn', 1)]
  t.ok(churn > leak * 7 && churn < leak * 13, `${churn} and ${leak}, which is ten to one`)
  t.match(allocs.comments.join('\n'), /^inuse_objects, inuse_space: 0, unknown/m)
  t.equal(bytesOf(heap, 'leaky.churn', 3), 0)
})

t.test('seconds is the difference over that time', async (t) => {
  const target = await spawnLeaky(t)
  const { app } = startApp(t)
  const path = `/targets/${target.pid}/debug/pprof/heap?seconds=2`
  const answer = await app.inject(path)
  t.match(answer.headers['content-disposition'], 'attachment; filename="heap-delta"')
  t.strictSame(checkValid(answer.rawPayload), [])
  const delta = decodeProfile(gunzipSync(answer.rawPayload))
  t.ok(delta.durationNanos > 1.9e9 && delta.durationNanos < 5e9, `${delta.durationNanos}`)
  const rate = bytesOf(delta, 'leaky.leak', 3) / (delta.durationNanos / 1e9)
  // 3.5 MB/s where timers are on time, and they are late on a busy machine.
  t.ok(rate > 1e6 && rate < 4.5e6, `${rate} bytes/s`)
})

t.test('debug=1 is a text with the figures of the runtime', async (t) => {
  const target = await spawnLeaky(t)
  const { app } = startApp(t)
  const { headers, body } = await app.inject(`/targets/${target.pid}/debug/pprof/heap?debug=1&gc=1`)
  t.equal(headers['content-type'], 'text/plain; charset=utf-8')
  t.notOk(headers['content-disposition'])
  t.match(
    body,
    /^heap profile: \d+: \d+ \[0: 0\] @ heap\/2\n\d+: \d+ \[0: 0\] @( 0x[0-9a-f]+)+\n#\t0x/,
  )
  t.match(
    body,
    /^#\t0x[0-9a-f]+\t\S*leaky\.leak\+0x1\t\S+\/test\/fixtures\/targets\/leaky\.cjs:\d+$/m,
  )
  t.match(body, /^# process\.memoryUsage\(\)\n# rss = \d+$/m)
  t.match(body, /^# v8\.getHeapStatistics\(\)\n# total_heap_size = \d+$/m)
  t.match(body, /^# v8\.getHeapSpaceStatistics\(\) old_space\n# space_size = \d+$/m)
  const [, address = ''] = /^#\t(0x[0-9a-f]+)\t\S*leaky\.leak/m.exec(body) ?? []
  const symbol = await app.inject(`/debug/pprof/symbol?0x${(BigInt(address) - 1n).toString(16)}`)
  t.match(symbol.body, /^num_symbols: 1\n0x[0-9a-f]+ \S*leaky\.leak\n$/, 'as pprof asks for it')
})

t.test('bad parameters are refused with the sentences of Go', async (t) => {
  const { app } = startApp(t)
  const positive = 'invalid value for "seconds" - must be a positive integer\n'
  const cases: readonly (readonly [query: string, sentence: string | RegExp])[] = [
    ['seconds=0', positive],
    ['seconds=-1', positive],
    ['seconds=1.5', positive],
    ['seconds=x&debug=1', positive],
    ['seconds=1&debug=1', 'seconds and debug params are incompatible\n'],
    ['seconds=61', /^seconds must be a whole number from 1 to 60, not "61"\n$/],
    ['force=2', /^force must be one of 0, 1/],
  ]
  for (const name of ['heap', 'allocs']) {
    for (const [query, sentence] of cases) {
      const answer = await app.inject(`/targets/self/debug/pprof/${name}?${query}`)
      t.equal(answer.statusCode, 400, query)
      t.equal(answer.headers['x-go-pprof'], '1')
      t.match(answer.body, sentence, query)
    }
  }
})

t.test('with heap.continuous only the first request waits, and what is freed shows', async (t) => {
  const target = await spawnLeaky(t)
  const { app } = startApp(t, continuous)
  const path = `/targets/${target.pid}/debug/pprof/heap`
  await profileOf(t, app, path)
  const startedMs = performance.now()
  const [heap, allocs] = await Promise.all([
    profileOf(t, app, path),
    profileOf(t, app, path.replace('heap', 'allocs')),
  ])
  t.ok(performance.now() - startedMs < 900, 'at once')
  t.match(heap.comments.join('\n'), /^sampled: for .* \(heap\.continuous\)$/m)
  t.equal(allocs.timeNanos, heap.timeNanos, 'one reading for both')
  t.equal(allocs.defaultSampleType, 'alloc_space')
  t.match(allocs.comments.join('\n'), /^alloc_objects, alloc_space: 0, unknown/m)
  t.equal((await listeningPorts(target.pid)).length, 1, 'the inspector is open')

  await ask(target, 'rest', 'resting')
  const before = bytesOf(await profileOf(t, app, `${path}?gc=1`), 'leaky.leak', 3)
  const releasing = profileOf(t, app, `${path}?seconds=1`)
  await new Promise((resolve) => setTimeout(resolve, 500))
  await ask(target, 'release', 'released')
  const released = bytesOf(await releasing, 'leaky.leak', 3)
  t.ok(before > 1e6 && released < -before * 0.9, `${released} of ${before}`)

  await app.close()
  const isClosed = async () => (await listeningPorts(target.pid)).length === 0
  t.equal(await isClosed(), false, 'the samplers are closed by who holds them')
})

t.test('a sampler that others stop is begun anew, and a restarted target as well', async (t) => {
  const target = await spawnLeaky(t)
  const { app, heapSamplers } = startApp(t, continuous)
  const path = `/targets/${target.pid}/debug/pprof/heap`
  await profileOf(t, app, path)
  await ask(target, 'sample', 'sampling')
  await ask(target, 'stop', 'stopped')
  t.match((await profileOf(t, app, path)).comments.join('\n'), /heap\.continuous/)
  t.equal(heapSamplers.continuousCount, 1)
  target.child.kill('SIGKILL')
  await target.waitForExit()
  t.ok(await until(() => heapSamplers.continuousCount === 0), 'nothing is held of an ended target')
  t.equal((await app.inject(path)).statusCode, 404)
})

t.test('a client that leaves ends its recording, but not that of others', async (t) => {
  const target = await spawnLeaky(t)
  const { app } = startApp(t, { heap: { continuous: false, seconds: 3, samplingInterval: 32_768 } })
  const path = `/targets/${target.pid}/debug/pprof/heap`
  const leaving = new AbortController()
  const left = app.inject({ url: path, signal: leaving.signal }).catch(() => undefined)
  const stayed = profileOf(t, app, path)
  setTimeout(() => leaving.abort(), 500)
  await left
  t.ok(bytesOf(await stayed, 'leaky.leak', 3) > 1e6)
})

async function profileOf(t: Test, app: FastifyInstance, path: string): Promise<Profile> {
  const answer = await app.inject(path)
  t.equal(answer.statusCode, 200, `${path}: ${answer.statusCode === 200 ? 'ok' : answer.body}`)
  t.strictSame(checkValid(answer.rawPayload), [])
  return decodeProfile(gunzipSync(answer.rawPayload))
}

/** Sum of one value over the samples whose leaf has a name that ends so. */
function bytesOf({ samples }: Profile, name: string, value: number): number {
  const own = samples.filter(({ stack }) => stack[0]?.lines[0]?.function?.name.endsWith(name))
  return own.reduce((sum, { values }) => sum + (values[value] ?? 0), 0)
}
