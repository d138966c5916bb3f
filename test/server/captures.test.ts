// The list of captures, their ends by DELETE, and the audit line of each.
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import t from 'tap'
import { CaptureList } from '../../src/server/capture-list.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { until } from '../targets/new-targets.ts'
import { allowsItsStyle } from './allows-its-style.ts'
import { listenAnywhere, type StartedApp, startApp } from './start-app.ts'

interface Listed {
  readonly captures: readonly { readonly id: string }[]
}

t.test('captures', async (t) => {
  const target = await spawnTarget(t, 'busy.cjs', { nodeArguments: ['--inspect-port=0'] })
  const started = startApp(t)
  const port = await listenAnywhere(started.app)
  const base = `http://127.0.0.1:${port}`
  const path = `/targets/${target.pid}`

  await t.test('each is named in its answer, listed, and one line of the log', async (t) => {
    const answer = await fetch(`${base}${path}/debug/pprof/wall?seconds=1&hz=50&sourcemaps=0`)
    const body = await answer.arrayBuffer()
    t.equal(answer.status, 200)
    const id = answer.headers.get('x-pprofd-capture') ?? ''
    t.match(id, /^[\w-]{16}$/)
    // The answer may be here before its end is told there.
    t.ok(await until(() => audits(started, 'wall').length === 1))
    const said = {
      uid: null,
      address: /^127\.0\.0\.1:\d+$/,
      outcome: 'ok',
      pauseMs: Number,
      elapsedMs: Number,
      sentBytes: Number,
    }
    const line = { ...said, capture: id, kind: 'wall', target: `${target.pid}`, seconds: 1, hz: 50 }
    t.match(withoutUid(audits(started, 'wall')), [{ ...line, targetPid: target.pid, uid: null }])
    const { captures } = (await (await fetch(`${base}/captures`)).json()) as Listed
    t.equal(captures.length, 1)
    const { uid: _, address, ...ended } = said
    const entry = {
      id,
      kind: 'wall',
      state: 'done',
      target: { id: `${target.pid}`, pid: target.pid },
      caller: { address },
      parameters: { seconds: 1, hz: 50, format: 'pprof' },
      startedAt: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
      durationMs: 1000,
      ...ended,
      sharedWith: null,
      reason: null,
    }
    t.match(captures[0], entry)
    const one = (await (await fetch(`${base}/captures/${id}`)).json()) as { sentBytes: number }
    t.match(one, entry)
    t.ok(one.sentBytes > body.byteLength && one.sentBytes < body.byteLength + 2000)
  })

  await t.test(
    'DELETE ends a running one, its client is told, the target is as before',
    async (t) => {
      const waiting = fetch(`${base}${path}/debug/pprof/profile?seconds=50`)
      t.ok(await until(async () => (await listeningPorts(target.pid)).length === 1))
      const { captures } = (await (await fetch(`${base}/captures`)).json()) as Listed
      const [running] = captures
      t.match(running, { kind: 'cpu', state: 'running', outcome: null, durationMs: 50_000 })
      const url = `${base}/captures/${running?.id}`
      const foreign = await fetch(url, {
        method: 'DELETE',
        headers: { Origin: 'http://a.example' },
      })
      t.equal(foreign.status, 403, 'other origins may not')
      const ended = await fetch(url, { method: 'DELETE' })
      t.equal(ended.status, 200)
      const told = /^DELETE \/captures\/[\w-]+ by (uid \d+ at )?127\.0\.0\.1:\d+ ended this capture/
      t.match(await ended.json(), {
        id: running?.id,
        state: 'aborted',
        outcome: 'capture-ended',
        reason: told,
      })
      t.strictSame(await listeningPorts(target.pid), [], 'its inspector is closed again')
      const answer = await waiting
      t.equal(answer.status, 409)
      t.match(await answer.text(), told)
      t.match(audits(started, 'cpu'), [{ outcome: 'capture-ended', capture: running?.id }])
      t.match(
        started.log.filter(({ msg }) => msg === 'capture ended by DELETE'),
        [{ capture: running?.id, target: `${target.pid}`, address: /^127/ }],
      )
      const again = await fetch(url, { method: 'DELETE' })
      t.equal(again.status, 409)
      t.equal(await again.text(), 'this capture has ended already: capture-ended\n')
    },
  )

  await t.test('DELETE cuts one that is streamed already', async (t) => {
    const request = get(`${base}${path}/debug/pprof/trace?seconds=50`, { agent: false })
    const [response]: IncomingMessage[] = await once(request, 'response')
    const id = String(response?.headers['x-pprofd-capture'])
    const cut = t.rejects(async () => response?.toArray(), { code: 'ECONNRESET' })
    const ended = await fetch(`${base}/captures/${id}`, { method: 'DELETE' })
    t.match(await ended.json(), { kind: 'trace', state: 'aborted', outcome: 'capture-ended' })
    await cut
    t.ok(await until(async () => (await listeningPorts(target.pid)).length === 0))
  })

  await t.test('those that got the same recording say whose it is', async (t) => {
    const answers = await Promise.all(
      [1, 2].map(() => started.app.inject(`${path}/debug/pprof/goroutine?sourcemaps=0`)),
    )
    t.strictSame(
      answers.map(({ statusCode }) => statusCode),
      [200, 200],
    )
    const lines = audits(started, 'goroutine')
    t.equal(lines.length, 2)
    t.equal(lines[0]?.sharedWith, undefined)
    t.equal(lines[1]?.sharedWith, lines[0]?.capture)
  })

  await t.test('what was refused a slot is logged, but did not run', async (t) => {
    const before = audits(started, 'cpu').length
    const url = `${path}/debug/pprof/profile?seconds=5000`
    const { headers, statusCode } = await started.app.inject(url)
    t.equal(statusCode, 400)
    t.notOk(headers['x-pprofd-capture'])
    t.equal(audits(started, 'cpu').length, before, 'nor is what was never asked rightly')
  })

  await t.test('a browser gets a page', async (t) => {
    const page = await started.app.inject({
      url: '/captures',
      headers: { accept: 'text/html,*/*' },
    })
    t.equal(page.headers['content-type'], 'text/html; charset=utf-8')
    t.ok(allowsItsStyle(page))
    t.match(page.body, /<tr class="aborted">/)
    t.match(page.body, /ended this capture/)
    t.notMatch(page.body, /<script|<form/)
  })

  await t.test('what is no capture is 404, and only one of them can be deleted', async (t) => {
    for (const method of ['GET', 'DELETE'] as const) {
      const answer = await started.app.inject({ method, url: '/captures/0123456789abcdef' })
      t.equal(answer.statusCode, 404)
      t.match(answer.body, /^no such capture; \/captures lists/)
    }
    const all = await started.app.inject({ method: 'DELETE', url: '/captures' })
    t.equal(all.statusCode, 405)
    const other = await started.app.inject({ method: 'POST', url: '/captures/0123456789abcdef' })
    t.equal(other.statusCode, 405)
    t.equal(other.headers.allow, 'GET, DELETE')
  })
})

t.test('the list keeps the last hundred that ended, and all that run', (t) => {
  const list = new CaptureList()
  const start = {
    kind: 'cpu',
    target: { id: '7', name: 'api', pid: 7 },
    caller: { uid: 1, address: '127.0.0.1:1' },
    parameters: {},
    durationMs: 1,
  }
  const captures = Array.from({ length: 150 }, () => list.begin(start, () => {}))
  t.equal(list.all().length, 150)
  for (const capture of captures.slice(0, 140)) capture.end({ outcome: 'ok', elapsedMs: 1 })
  t.equal(list.all().length, 110)
  t.equal(list.all()[0]?.id, captures[149]?.id, 'running ones first, the newest first')
  t.equal(list.all()[10]?.id, captures[139]?.id)
  t.equal(list.find(captures[39]?.id ?? ''), undefined)
  t.match(list.find(captures[40]?.id ?? ''), { state: 'done' })
  t.equal(new Set(captures.map(({ id }) => id)).size, 150)
  t.end()
})

function audits({ log }: StartedApp, kind: string): readonly Readonly<Record<string, unknown>>[] {
  return log.filter(({ msg }) => msg === `${kind} capture ended`)
}

/** Whether the user is known depends on the machine; that the field is there does not. */
function withoutUid(lines: readonly Readonly<Record<string, unknown>>[]): readonly object[] {
  return lines.map((line) => ('uid' in line ? { ...line, uid: null } : line))
}
