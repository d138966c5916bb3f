// Everything that a stranger can write to the port, over real sockets: each request has its expected
// answer, and none of them may reach the target.
import { once } from 'node:events'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { type SpawnedTarget, spawnTarget } from '../fixtures/support/spawn-target.ts'
import { type Answer, drip, type Exchange, exchange } from './hostile/exchange.ts'
import { framing } from './hostile/framing.ts'
import { hosts } from './hostile/hosts.ts'
import { methods } from './hostile/methods.ts'
import { origins } from './hostile/origins.ts'
import { parameters } from './hostile/parameters.ts'
import { capture, get, type HostileRow, post } from './hostile/row.ts'
import { listenAnywhere, type StartedApp, startApp } from './start-app.ts'

/** Side by side, but not so many that the limit of connections is what answers. */
const atOnce = 16

interface Attacked extends StartedApp {
  readonly port: number
  readonly victim: SpawnedTarget
  /** How often a target would have been attached to. */
  readonly attaches: () => number
}

/** An app whose default target is a real process, which nothing may reach. */
async function startAttacked(t: Test): Promise<Attacked> {
  const victim = await spawnTarget(t, 'idle.cjs', { nodeArguments: ['--inspect-port=0'] })
  const entry = { name: 'victim', pid: victim.pid, enabled: true, signal: true }
  const options = { configured: [entry], defaultTarget: 'victim', discover: false }
  const started = startApp(t, { targets: options })
  const attach = started.targets.attach.bind(started.targets)
  const attached = t.capture(started.targets, 'attach', attach)
  const port = await listenAnywhere(started.app)
  return { ...started, port, victim, attaches: () => attached.args().length }
}

async function assertUntouched(t: Test, { attaches, victim, log }: Attacked): Promise<void> {
  t.equal(attaches(), 0, 'no target was attached to')
  t.ok(victim.isAlive())
  t.strictSame(await listeningPorts(victim.pid), [], 'its inspector is shut')
  const events = log.filter(({ msg }) => !String(msg).startsWith('server bound'))
  t.strictSame(events, [], 'nothing was captured, and nothing failed')
  t.notOk('x' in {} || 'seconds' in {}, 'no prototype was changed')
}

t.test('hostile requests are answered in words and reach no target', async (t) => {
  const attacked = await startAttacked(t)
  const tables = { hosts, framing, methods, origins, parameters }
  for (const [title, rows] of Object.entries(tables)) {
    await t.test(title, async (t) => {
      for (let i = 0; i < rows.length; i += atOnce) {
        const some = rows.slice(i, i + atOnce)
        await Promise.all(some.map((row) => assertRow(t, attacked.port, row)))
      }
    })
  }
  await assertUntouched(t, attacked)
})

t.test('slow and silent clients are cut off while others are served', async (t) => {
  const attacked = await startAttacked(t)
  const { port } = attacked
  const head = get(capture).slice(0, -2)
  const chunked = post('', 'Transfer-Encoding: chunked')
  const slow: Readonly<Record<string, Promise<readonly Answer[]>>> = {
    'a header byte by byte': drip(port, `${head}X: `, 'x'),
    'headers line by line': drip(port, head, 'X: x\r\n'),
    'a request line byte by byte': drip(port, 'GET /', 'x'),
    'blank lines before the request': drip(port, '', '\r\n'),
    'a body byte by byte': drip(port, post('', 'Content-Length: 999'), '1'),
    'a body that never begins': drip(port, post('', 'Content-Length: 9'), ''),
    'chunks one by one': drip(port, chunked, '1\r\n1\r\n'),
    'an extension of a chunk byte by byte': drip(port, `${chunked}1;`, 'x'),
    'trailers line by line': drip(port, `${chunked}0\r\n`, 'X: x\r\n'),
    'a second request that never ends': drip(port, `${get('/healthz')}GET `, '/'),
  }
  const idle = Array.from({ length: 60 }, () => drip(port, '', ''))
  const { answers } = await exchange(port, get('/healthz'))
  t.match(answers, [{ status: 200, body: 'ok\n' }], 'served beside 60 idle connections')
  for (const [name, dripped] of Object.entries(slow)) {
    const last = (await dripped).at(-1)
    t.match(last, { status: 408, body: 'the request came too slowly\n' }, name)
  }
  for (const answers of await Promise.all(idle)) t.match(answers, [{ status: 408 }])
  await assertUntouched(t, attacked)
})

t.test('more connections than the captures and some others need are cut off', async (t) => {
  const { app } = startApp(t, { limits: { maxSeconds: 9, capturesPerTarget: 1, captures: 8 } })
  t.equal(app.server.maxConnections, 200)
  app.server.maxConnections = 1
  const port = await listenAnywhere(app)
  const first = connect(port, '127.0.0.1')
  await once(first, 'connect')
  t.strictSame(await exchange(port, get('/healthz')), { answers: [], kept: false })
  first.destroy()
})

async function assertRow(t: Test, port: number, [name, bytes, outcome, says]: HostileRow) {
  const seen = await exchange(port, bytes).catch((cause) => {
    throw new Error(name, { cause })
  })
  t.equal(describe(seen), outcome, name)
  if (says !== undefined) t.match(seen.answers.at(-1)?.body, says, name)
  for (const answer of seen.answers) assertWellFormed(t, answer, name)
}

function describe({ answers, kept }: Exchange): string {
  return [...answers.map(({ status }) => status), kept ? 'kept' : 'closed'].join(' ')
}

/** What came in may be told in the body, as text on one line, and nowhere else. */
function assertWellFormed(t: Test, { status, headers, body }: Answer, name: string): void {
  if (status === 100) return
  const foreign = Object.keys(headers).filter((key) => /access-control|injected|cookie/.test(key))
  t.strictSame(foreign, [], name)
  t.equal(headers['x-content-type-options'], 'nosniff', name)
  if (status < 400) return
  t.match(headers, { 'content-type': 'text/plain; charset=utf-8', 'x-go-pprof': '1' }, name)
  t.ok(body === '' || /^\P{Cc}+\n$/u.test(body), name)
}
