import t from 'tap'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { allowsItsStyle } from './allows-its-style.ts'
import { startApp } from './start-app.ts'

const secureHeaders = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
}

t.test('every answer carries the security headers and none of CORS', async (t) => {
  const { app } = startApp(t)
  const urls = ['/', '/healthz', '/targets', '/debug/pprof', '/targets/self/debug/pprof/', '/nope']
  const bad = ['/targets/self/debug/pprof/heap', '/targets/999999999/preflight', '/%zz']
  for (const url of [...urls, ...bad]) {
    const { headers } = await app.inject({ url, headers: { origin: 'http://localhost:80' } })
    t.match(headers, secureHeaders, url)
    t.match(headers['content-security-policy'], /^default-src 'none'; /, url)
    const cors = Object.keys(headers).filter((name) => name.startsWith('access-control'))
    t.strictSame(cors, [], url)
  }
})

t.test('errors have the form that go tool pprof shows', async (t) => {
  const { app } = startApp(t)
  const cases = [
    ['/targets/self/debug/pprof/nope', 404, 'Unknown profile\n'],
    ['/debug/pprof/nope/deeper', 404, 'Unknown profile\n'],
    ['/nope', 404, 'no such page; / lists the targets and their pages\n'],
    ['/%zz', 400, 'the path of the URL has a broken % escape\n'],
    [`/targets/${'x'.repeat(200)}`, 414, 'the name of the target is too long\n'],
    ['/targets/999999999', 404, 'there is no process 999999999; try: pprofd ps\n'],
    ['/targets/a%0ab%1b', 404, 'there is no target "a\\nb\\u001b"; try: pprofd ps\n'],
  ] as const
  for (const [url, status, body] of cases) {
    const answer = await app.inject(url)
    t.equal(answer.statusCode, status, url)
    t.equal(answer.body, body, url)
    t.match(answer.headers, { 'content-type': 'text/plain; charset=utf-8', 'x-go-pprof': '1' })
    t.notOk(answer.headers['content-disposition'], url)
  }
})

t.test('the guard stands before every route, also before those that do not exist', async (t) => {
  const { app, log } = startApp(t)
  for (const url of ['/', '/nope', '/%zz', '/targets/self/debug/pprof/profile?seconds=1']) {
    const rebound = await app.inject({ url, headers: { host: 'evil.example' } })
    t.equal(rebound.statusCode, 403, url)
    t.match(rebound.headers, { ...secureHeaders, 'x-go-pprof': '1' }, url)
  }
  for (const method of ['HEAD', 'OPTIONS', 'POST', 'DELETE'] as const) {
    const answer = await app.inject({ method, url: '/targets/self/debug/pprof/profile' })
    t.equal(answer.statusCode, 405, method)
    t.equal(answer.headers.allow, 'GET', method)
  }
  t.strictSame(log, [], 'nothing was captured')
})

t.test('rules are listed, also where there are none', async (t) => {
  const answer = await startApp(t).app.inject('/rules')
  t.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
  t.same(answer.json(), { rules: [] })
})

t.test('healthz says ok', async (t) => {
  const answer = await startApp(t).app.inject('/healthz')
  t.equal(answer.body, 'ok\n')
  t.equal(answer.headers['content-type'], 'text/plain; charset=utf-8')
})

t.test('the index is that of Go, with the profiles that exist', async (t) => {
  const { app } = startApp(t)
  const moved = await app.inject('/targets/self/debug/pprof?debug=1&x=?')
  t.equal(moved.statusCode, 301)
  t.equal(moved.headers.location, '/targets/self/debug/pprof/?debug=1&x=?')
  const answer = await app.inject('/targets/self/debug/pprof/')
  t.equal(answer.headers['content-type'], 'text/html; charset=utf-8')
  t.match(answer.body, '<title>/debug/pprof/</title>')
  t.match(answer.body, '<thead><td>Count</td><td>Profile</td></thead>')
  const rows = answer.body.match(/^<tr>.*$/gm)
  t.strictSame(rows, [
    "<tr><td>0</td><td><a href='allocs?debug=1'>allocs</a></td></tr>",
    "<tr><td>0</td><td><a href='block?debug=1'>block</a></td></tr>",
    "<tr><td>0</td><td><a href='cmdline?debug=1'>cmdline</a></td></tr>",
    "<tr><td>0</td><td><a href='goroutine?debug=1'>goroutine</a></td></tr>",
    "<tr><td>0</td><td><a href='heap?debug=1'>heap</a></td></tr>",
    "<tr><td>0</td><td><a href='mutex?debug=1'>mutex</a></td></tr>",
    "<tr><td>0</td><td><a href='profile?debug=1'>profile</a></td></tr>",
    "<tr><td>0</td><td><a href='retained?debug=1'>retained</a></td></tr>",
    "<tr><td>0</td><td><a href='symbol?debug=1'>symbol</a></td></tr>",
    "<tr><td>0</td><td><a href='threadcreate?debug=1'>threadcreate</a></td></tr>",
    "<tr><td>0</td><td><a href='trace?debug=1'>trace</a></td></tr>",
    "<tr><td>0</td><td><a href='wall?debug=1'>wall</a></td></tr>",
  ])
  t.ok(allowsItsStyle(answer), 'the policy allows the style of the page')
  const chosen = await app.inject('/debug/pprof/?target=self')
  t.match(chosen.body, "<a href='profile?debug=1&amp;target=self'>", 'links keep the target')
})

t.test('the command line is joined by NUL, with nothing behind it', async (t) => {
  const target = await spawnTarget(t, 'idle.cjs', { programArguments: ['--name', 'a b', 'ü'] })
  const { app } = startApp(t)
  const urls = [
    `/targets/${target.pid}/debug/pprof/cmdline`,
    `/debug/pprof/cmdline?target=${target.pid}`,
  ]
  for (const url of urls) {
    const answer = await app.inject(url)
    t.equal(answer.headers['content-type'], 'text/plain; charset=utf-8')
    const argv = answer.body.split('\0')
    t.strictSame([argv[0], ...argv.slice(2)], [process.execPath, '--name', 'a b', 'ü'], url)
  }
  const path = await app.inject(`/targets/${target.pid}/debug/pprof/cmdline?target=self`)
  t.match(path.body, 'idle.cjs', 'the path wins over the query')
})

t.test('targets are listed with the paths of their pages', async (t) => {
  const target = await spawnTarget(t, 'idle.cjs')
  const { app } = startApp(t)
  const answer = await app.inject('/targets')
  t.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
  const { targets } = answer.json()
  const found = targets.find((entry: { pid: number }) => entry.pid === target.pid)
  t.match(found, {
    id: String(target.pid),
    kind: 'process',
    startTimeTicks: /^\d+$/,
    executable: process.execPath,
    index: `/targets/${target.pid}/debug/pprof/`,
    preflight: `/targets/${target.pid}/preflight`,
  })
  t.equal(targets.at(-1).id, 'self')
  t.strictSame((await app.inject(`/targets/${target.pid}`)).json(), found)
})

t.test('the pre-flight says what attaching would do, and why not', async (t) => {
  const [idle, deaf] = await Promise.all([
    spawnTarget(t, 'idle.cjs', { nodeArguments: ['--inspect-port=0'] }),
    spawnTarget(t, 'sigusr1-removed.cjs', { nodeArguments: ['--inspect-port=0'] }),
  ])
  const { app } = startApp(t)
  const open = (await app.inject(`/targets/${idle.pid}/preflight`)).json()
  t.match(open, { attachable: true, via: 'signal', refusal: null, target: { pid: idle.pid } })
  t.ok(open.checks.length > 3 && open.checks.every(({ ok }: { ok: boolean }) => ok))
  const refused = (await app.inject(`/targets/${deaf.pid}/preflight`)).json()
  t.match(refused, { attachable: false, via: null, refusal: /SIGUSR1/ })
  t.ok(idle.isAlive() && deaf.isAlive())
})

t.test('a target that is known by its port only has no command line', async (t) => {
  const configured = [{ name: 'remote', port: 1, enabled: true, signal: false }]
  const { app } = startApp(t, { targets: { configured, discover: false } })
  const answer = await app.inject('/debug/pprof/cmdline')
  t.equal(answer.statusCode, 409)
  t.equal(
    answer.body,
    'the command line of target remote is not known: it is reached by its port only\n',
  )
})

t.test(
  'a request that could mean several targets is answered with the URLs to paste',
  async (t) => {
    const [a, b] = await Promise.all(
      [1, 2].map(() => spawnTarget(t, 'idle.cjs', { nodeArguments: ['--inspect-port=0'] })),
    )
    const { app } = startApp(t)
    const headers = { host: 'localhost:9999' }
    const answer = await app.inject({
      url: '/debug/pprof/profile?seconds=5&target=&hz=99',
      headers,
    })
    t.equal(answer.statusCode, 400)
    t.match(answer.body, /^no target is named and several could be meant; choose one:\n/)
    for (const target of [a, b]) {
      const url = `http://localhost:9999/targets/${target?.pid}/debug/pprof/profile?seconds=5&hz=99`
      t.match(answer.body, `\n  ${url}  (`)
    }
    t.notMatch(answer.body, '/targets/self/')
    const { name } = (await app.inject(`/targets/${a?.pid}`)).json()
    const byName = await app.inject({ url: `/targets/${name}/debug/pprof/`, headers })
    t.equal(byName.statusCode, 400)
    t.match(byName.body, /^several targets are called ".*"; choose one:\n/)
    t.match(byName.body, `\n  http://localhost:9999/targets/${b?.pid}/debug/pprof/  (${name})\n`)
  },
)
