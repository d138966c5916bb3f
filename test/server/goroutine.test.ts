import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { checkValid } from '../../src/pprof/check-valid.ts'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import { GoroutineParser } from '../../src/snapshot/parse-goroutines.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { type SpawnedTarget, spawnTarget } from '../fixtures/support/spawn-target.ts'
import { startApp } from './start-app.ts'

t.setTimeout(120_000)

const nodeArguments = ['--inspect-port=0']

function pathOf({ pid }: SpawnedTarget, query = ''): string {
  return `/targets/${pid}/debug/pprof/goroutine${query}`
}

t.test('a goroutine profile comes in all its forms', async (t) => {
  const target = await spawnTarget(t, 'zoo-awaits.cjs', { nodeArguments })
  const { app, log } = startApp(t)

  const binary = await app.inject(pathOf(target))
  t.equal(binary.statusCode, 200, binary.body)
  t.match(binary.headers, {
    'content-type': 'application/octet-stream',
    'content-disposition': 'attachment; filename="goroutine"',
    'x-pprofd-pid': String(target.pid),
    'x-pprofd-cost-ms': /^\d+\.\d$/,
  })
  t.strictSame(checkValid(binary.rawPayload, { nowMs: Date.now() }), [])
  const { sampleTypes, samples } = decodeProfile(gunzipSync(binary.rawPayload))
  t.match(sampleTypes, [{ type: 'goroutine', unit: 'count' }])
  const shared = samples.find(({ stack }) =>
    stack[0]?.lines[0]?.function?.name?.endsWith('waitsForShared'),
  )
  t.strictSame(shared?.values, [4])

  const counts = await app.inject(pathOf(target, '?debug=1'))
  t.equal(counts.headers['content-type'], 'text/plain; charset=utf-8')
  t.match(counts.body, /^goroutine profile: total \d+\n/)
  t.match(counts.body, /^4 @ 0x[0-9a-f]+\n/m)

  const text = await app.inject(pathOf(target, '?debug=2'))
  t.match(text.body, /^goroutine \d+ \[async-function awaiting\]:$/m)
  const parser = new GoroutineParser()
  parser.push(text.body)
  const { recordings, errors } = parser.end()
  t.strictSame(errors, [])
  t.match(recordings, [{ target: { pid: target.pid }, census: 'exact' }])

  const json = await app.inject(pathOf(target, '?format=json'))
  t.equal(json.headers['content-type'], 'application/json; charset=utf-8')
  t.match(json.json(), { buckets: Array })
  t.match((await app.inject(pathOf(target, '?format=markdown'))).body, /waitsForShared/)

  t.strictSame(await listeningPorts(target.pid), [], 'its inspector is closed')
  const audits = log.filter(({ msg }) => msg === 'goroutine capture ended')
  t.equal(audits.length, 5)
  t.match(audits[0], { outcome: 'ok', census: 'exact', entries: Number, targetCostMs: Number })
})

t.test('seconds tells what changed', async (t) => {
  const target = await spawnTarget(t, 'zoo-awaits.cjs', { nodeArguments })
  const { app } = startApp(t)
  const delta = await app.inject(pathOf(target, '?seconds=1'))
  t.equal(delta.headers['content-disposition'], 'attachment; filename="goroutine-delta"')
  t.strictSame(checkValid(delta.rawPayload), [])
  const { samples, durationNanos } = decodeProfile(gunzipSync(delta.rawPayload))
  t.ok(Number(durationNanos) >= 1e9)
  const changed = samples.filter(({ stack }) =>
    stack[0]?.lines[0]?.function?.name?.endsWith('waitsForShared'),
  )
  t.strictSame(changed, [], 'nothing')
  const report = await app.inject(pathOf(target, '?seconds=1&format=markdown'))
  t.equal(report.statusCode, 200)
})

t.test('bad parameters are refused before anything is touched', async (t) => {
  const { app, log } = startApp(t)
  const seconds = 'invalid value for "seconds" - must be a positive integer'
  const cases = [
    ['seconds=abc', seconds],
    ['seconds=0', seconds],
    ['seconds=-1', seconds],
    ['seconds=61', 'seconds must be a whole number from 1 to 60, not "61"'],
    ['seconds=1&debug=1', 'seconds and debug params are incompatible'],
    ['format=json&debug=2', 'format and debug params are incompatible'],
    ['format=svg', 'format must be one of pprof, json, markdown, not "svg"'],
    ['maxmem=lots', 'invalid maxmem value'],
    ['augment=2', 'invalid augment value'],
    ['similarity=some', 'invalid similarity value'],
    ['promises=yes', 'promises must be one of 0, 1, not "yes"'],
    ['deep=2', 'deep must be one of 0, 1, not "2"'],
    ['worker=2', 'worker must be one of 0, 1, not "2"'],
    ['worker=1&promises=1', 'worker and promises params are incompatible'],
    ['worker=1&deep=1', 'worker and deep params are incompatible'],
    ['force=yes', 'force must be one of 0, 1, not "yes"'],
  ] as const
  for (const [query, sentence] of cases) {
    const answer = await app.inject(`/targets/nobody/debug/pprof/goroutine?${query}`)
    t.equal(answer.statusCode, 400, query)
    t.equal(answer.body, `${sentence}\n`)
  }
  t.strictSame(log, [])
})

t.test('what may not be taken, or not for that price, is refused', async (t) => {
  const target = await spawnTarget(t, 'zoo-awaits.cjs', { nodeArguments })
  const { app } = startApp(t, {
    limits: { maxSeconds: 60, capturesPerTarget: 4, captures: 64, maxPauseMs: 5 },
  })
  const costly = await app.inject(pathOf(target, '?promises=1&debug=2'))
  t.equal(costly.statusCode, 409)
  t.match(costly.body, /would stop it for about \d+ ms, and limits\.maxPauseMs is 5/)
  const forced = await app.inject(pathOf(target, '?promises=1&debug=2&force=1'))
  t.match(forced.body, /^# suspended functions: found by their promises, some counted twice$/m)
  const deep = await app.inject(pathOf(target, '?deep=1&debug=2'))
  t.equal(deep.statusCode, 409)
  t.match(deep.body, /limits\.maxPauseMs is 5/)
  const forcedDeep = await app.inject(pathOf(target, '?deep=1&debug=2&force=1'))
  t.match(forcedDeep.body, /counted in a heap snapshot$/m)
  t.match(forcedDeep.body, /"waits_for":"Mutex\.queue/)
  const worker = await app.inject(pathOf(target, '?worker=1&debug=2'))
  t.match(worker.body, /^# note: its memory was read by a worker thread in it \(worker=1\): /m)
  const small = await app.inject(pathOf(target, '?maxmem=1&debug=2'))
  t.equal(small.statusCode, 200)
  t.match(
    small.body,
    /^# note: suspended functions are missing: .* maxmem allows 1 MB .*\(maxmem=\d+ /m,
  )
  const forbidding = startApp(t, { targets: { profiles: ['profile'] } })
  const forbidden = await forbidding.app.inject(pathOf(target))
  t.equal(forbidden.statusCode, 403, forbidden.body)
})

t.test('two that ask at once get one snapshot', async (t) => {
  const target = await spawnTarget(t, 'zoo-awaits.cjs', { nodeArguments })
  const { app } = startApp(t)
  const [first, second] = await Promise.all(
    [1, 2].map(() => app.inject(pathOf(target, '?debug=2'))),
  )
  t.equal(first?.body, second?.body)
  t.equal(first?.statusCode, 200)
})
