import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { spawnTraced } from '../captures/traced.ts'
import { checkTrace } from '../fixtures/support/check-trace.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { isAsBefore, until } from '../targets/new-targets.ts'
import { listenAnywhere, type StartedApp, startApp } from './start-app.ts'

t.setTimeout(120_000)

t.test('a trace says what was asked for, what it cost, and what was written', async (t) => {
  const spawned = await spawnTraced(t)
  const { app, log } = startApp(t)
  const url = `/targets/${spawned.pid}/debug/pprof/trace?seconds=0.7&hz=200&force=1&categories=v8,node.http`
  const answer = await app.inject(url)
  t.equal(answer.statusCode, 200)
  t.match(answer.headers, {
    'content-type': 'application/json; charset=utf-8',
    'content-disposition': `attachment; filename="trace-${spawned.pid}.json"`,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-pprofd-pid': String(spawned.pid),
    'x-pprofd-attach-ms': /^\d+\.\d$/,
    'x-pprofd-start-pause-ms': /^\d+\.\d$/,
  })
  t.notOk(answer.headers['content-encoding'])
  const { metadata, asyncSlices, slices } = checkTrace(answer.body)
  t.match(metadata('pprofd_recording'), [
    { seconds: 0.7, hz: 200, categories: 'node.http,v8', startPauseMs: Number, attachMs: Number },
  ])
  t.match(metadata('pprofd_cost'), [
    { longestPauseMs: Number, windows: 1, samples: Number, eventsDropped: 0 },
  ])
  t.ok(slices.length > 0)
  const kinds = new Set(asyncSlices.map(({ cat }) => cat))
  t.ok(kinds.has('node.http'))
  t.notOk(kinds.has('node.fs.async'), 'only what was asked for')
  t.match(log.at(-1), {
    msg: 'trace capture ended',
    outcome: 'ok',
    seconds: 0.7,
    hz: 200,
    categories: 'node.http,v8',
    sizeBytes: Buffer.byteLength(answer.body),
    startPauseMs: Number,
    longestPauseMs: Number,
  })
  t.strictSame(await listeningPorts(spawned.pid), [spawned.ready.port])
})

t.test('what cannot be is 400, says the choices, and touches nothing', async (t) => {
  const spawned = await spawnTraced(t)
  const { app } = startApp(t)
  const cases = [
    ['seconds=0', /^seconds must be a number above 0 and up to 60, not "0"\n$/],
    ['seconds=61', /^seconds must be/],
    ['seconds=1e1', /^seconds must be/],
    ['hz=1001', /^hz must be a whole number from 1 to 1000, not "1001"\n$/],
    [
      'categories=v8,nodes',
      /^categories must be none, or of node.dns.native, .*v8, not "nodes"\n$/,
    ],
    ['categories=none,v8', /^categories must be/],
    ['categories=node.async_hooks', /^categories must be .*, not "node.async_hooks"\n$/],
    ['sourcemaps=2', /^sourcemaps must be one of 0, 1/],
  ] as const
  for (const [query, body] of cases) {
    const answer = await app.inject(`/targets/${spawned.pid}/debug/pprof/trace?${query}`)
    t.equal(answer.statusCode, 400, query)
    t.equal(answer.headers['x-go-pprof'], '1')
    t.match(answer.body, body)
  }
  t.equal(spawned.stderr.text(), '')
})

t.test('categories that may flood the target need force=1', async (t) => {
  const spawned = await spawnTraced(t)
  const { app } = startApp(t)
  const url = `/targets/${spawned.pid}/debug/pprof/trace?seconds=0.2&categories=node.environment`
  const refused = await app.inject(url)
  t.equal(refused.statusCode, 409)
  t.match(
    refused.body,
    /^node\.environment may come so often .*; force=1 traces it all the same\n$/,
  )
  t.equal(spawned.stderr.text(), '')
})

t.test('a configuration that does not allow traces, or so long a pause, refuses', async (t) => {
  const spawned = await spawnTraced(t)
  const url = `/targets/${spawned.pid}/debug/pprof/trace?seconds=0.2`
  const forbidding = startApp(t, { targets: { profiles: ['profile'] } })
  const forbidden = await forbidding.app.inject(url)
  t.equal(forbidden.statusCode, 403)
  t.match(forbidden.body, /no trace of/)
  const limits = { maxSeconds: 60, capturesPerTarget: 4, captures: 64, maxPauseMs: 1 }
  const { app } = startApp(t, { limits })
  t.equal((await app.inject(url)).statusCode, 409)
  t.equal((await app.inject(`${url}&force=1&categories=none&sourcemaps=0`)).statusCode, 200)
})

t.test('it comes while it is recorded, compressed for those who take that', async (t) => {
  const spawned = await spawnTraced(t)
  const started = startApp(t)
  const response = await ask(started, spawned.pid, 'seconds=4&sourcemaps=0', 'gzip')
  t.equal(response.headers['content-encoding'], 'gzip')
  const chunks: Buffer[] = []
  let early = 0
  for await (const chunk of response) {
    chunks.push(chunk)
    const isRecording = outcomes(started).length === 0
    if (isRecording && chunks.length > 1) early += chunk.length
  }
  const all = Buffer.concat(chunks)
  t.ok(
    early > all.length / 3,
    `${early} of ${all.length} bytes came before the end of the recording`,
  )
  const { metadata } = checkTrace(gunzipSync(all).toString())
  t.match(metadata('pprofd_cost'), [{ windows: Number }])
  t.ok(Number(metadata('pprofd_cost')[0]?.windows) > 1)
})

t.test('a client that leaves in the middle ends the recording', async (t) => {
  const spawned = await spawnTraced(t)
  const started = startApp(t)
  const response = await ask(started, spawned.pid, 'seconds=60&sourcemaps=0')
  await once(response, 'data')
  response.destroy()
  t.ok(await until(() => outcomes(started).length === 1))
  t.strictSame(outcomes(started), ['capture-aborted'])
  t.ok(await until(() => started.targets.inspectorsLeftOpen === 0))
  await isAsBefore(t, spawned, [spawned.ready.port ?? 0])
})

t.test('a target that is killed in the middle cuts the connection', async (t) => {
  const spawned = await spawnTraced(t)
  const started = startApp(t)
  const response = await ask(started, spawned.pid, 'seconds=60&sourcemaps=0')
  response.once('data', () => spawned.child.kill('SIGKILL'))
  await t.rejects(readAll(response), { code: 'ECONNRESET' })
  t.ok(await until(() => outcomes(started).length === 1))
  t.strictSame(outcomes(started), ['target-vanished'])
})

async function ask(
  { app }: StartedApp,
  pid: number,
  query: string,
  encoding = 'identity',
): Promise<IncomingMessage> {
  const port = await listenAnywhere(app)
  const path = `/targets/${pid}/debug/pprof/trace?${query}`
  const headers = { 'accept-encoding': encoding }
  const [response] = await once(get({ host: '127.0.0.1', port, path, headers }), 'response')
  return response
}

async function readAll(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function outcomes({ log }: StartedApp): readonly unknown[] {
  return log.filter(({ msg }) => msg === 'trace capture ended').map(({ outcome }) => outcome)
}
