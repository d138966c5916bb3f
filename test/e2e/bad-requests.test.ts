// Whatever comes in is answered by one sentence in the form that go tool pprof shows.
import { request } from 'node:http'
import t, { type Test } from 'tap'
import { type SpawnedDaemon, startDaemon } from '../fixtures/support/daemon.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { get, profileUrl, spawnProfilable } from './profilable.ts'

t.setTimeout(120_000)

/** An empty parameter means the default, which is kept short. */
const daemonArguments = ['--listen', '127.0.0.1:0', '--profile.seconds', '1']

t.test('bad parameters are refused and name what is allowed', async (t) => {
  const daemon = await startDaemon(t, { arguments: daemonArguments })
  const target = await spawnProfilable(t, 'busy.cjs')
  const seconds = /^seconds must be a whole number from 1 to 300, not ".*"\n$/
  const hz = /^hz must be a whole number from 1 to 1000, not ".*"\n$/
  const cases: readonly (readonly [query: string, sentence: RegExp])[] = [
    ['seconds=abc', seconds],
    ['seconds=0', seconds],
    ['seconds=-1', seconds],
    ['seconds=1e9', seconds],
    ['seconds=301', seconds],
    ['seconds=1.5', seconds],
    ['seconds=%20', seconds],
    ['seconds=1%00', seconds],
    ['seconds=NaN', seconds],
    ['seconds=0x1', seconds],
    [`seconds=${'9'.repeat(400)}`, seconds],
    ['seconds=abc&seconds=1', seconds],
    ['hz=0', hz],
    ['hz=1001', hz],
    ['hz=x', hz],
    ['hz=99.5', hz],
    ['format=x', /^format must be one of pprof, cpuprofile, .*, not "x"\n$/],
    ['format=__proto__', /^format must be one of pprof/],
  ]
  for (const [query, sentence] of cases) {
    const { status, text, headers } = await get(profileUrl(daemon.url, target, query))
    t.equal(status, 400, query)
    t.match(text, sentence)
    t.equal(headers.get('x-go-pprof'), '1')
    t.equal(headers.get('content-type'), 'text/plain; charset=utf-8')
    t.equal(headers.get('content-disposition'), null)
  }
  t.equal(target.stderr.text(), '', 'the target was left alone')
  await assertHealthy(t, daemon)
})

t.test('empty, repeated and unknown parameters are taken as Go and its scrapers do', async (t) => {
  const daemon = await startDaemon(t, { arguments: daemonArguments })
  const target = await spawnProfilable(t, 'busy.cjs')
  for (const query of ['', 'seconds=', 'seconds=1&seconds=250', 'seconds=1&foo=bar&debug=1']) {
    const begin = performance.now()
    const { status, headers } = await get(profileUrl(daemon.url, target, query))
    t.equal(status, 200, query)
    t.equal(headers.get('content-disposition'), 'attachment; filename="profile"')
    t.ok(performance.now() - begin < 20_000, 'recorded for one second')
  }
  t.same(await listeningPorts(target.pid), [])
})

t.test('targets that are not there are named', async (t) => {
  const daemon = await startDaemon(t)
  const gone = await spawnProfilable(t, 'idle.cjs')
  gone.child.kill('SIGKILL')
  await gone.waitForExit()
  const cases: readonly (readonly [target: string, status: number, sentence: RegExp])[] = [
    [String(gone.pid), 404, /^there is no process \d+/],
    ['999999999', 404, /^there is no process 999999999/],
    ['0', 404, /^there is no (process|target)/],
    ['nobody', 404, /^there is no target "nobody"/],
    ['-1', 404, /^there is no target "-1"/],
    ['%00', 404, /^there is no target /],
    ['%1b%5b31m', 404, /^there is no target /],
    ['..%2f..%2fetc', 404, /^there is no target "\.\.\/\.\.\/etc"/],
    ['%3Cb%3E', 404, /^there is no target "<b>"/],
    ['%zz', 400, /^the path of the URL has a broken % escape/],
  ]
  for (const [target, status, sentence] of cases) {
    const answer = await get(profileUrl(daemon.url, target, 'seconds=1'))
    t.equal(answer.status, status, target)
    t.match(answer.text, sentence)
    t.match(answer.text, /^\P{Cc}+\n$/u, 'one sentence without control characters')
    t.equal(answer.headers.get('x-go-pprof'), '1')
  }
  t.match(await get(`${daemon.url}/targets/self/debug/pprof/nosuch`), {
    status: 404,
    text: 'Unknown profile\n',
  })
  t.match(await get(`${daemon.url}/nosuch`), { status: 404, text: /^no such page.*\n$/ })
  await assertHealthy(t, daemon)
})

t.test('requests of web pages and other hosts, and other methods, are refused', async (t) => {
  const daemon = await startDaemon(t)
  const path = '/targets/self/debug/pprof/profile?seconds=1'
  const cases: readonly (readonly [method: string, headers: object, status: number])[] = [
    ['GET', { host: 'evil.example' }, 403],
    ['GET', { origin: 'http://evil.example' }, 403],
    ['GET', { 'sec-fetch-site': 'cross-site' }, 403],
    ['GET', { 'sec-fetch-site': 'same-site' }, 403],
    ['HEAD', {}, 405],
    ['POST', {}, 405],
    ['DELETE', {}, 405],
    ['OPTIONS', { origin: 'http://evil.example' }, 403],
  ]
  for (const [method, headers, status] of cases) {
    const seen = await rawStatus(daemon.port, { method, path, headers: { ...headers } })
    t.equal(seen, status, `${method} ${JSON.stringify(headers)}`)
  }
  t.notMatch(daemon.stdout.text(), /capture ended/, 'nothing was recorded')
})

async function assertHealthy(t: Test, daemon: SpawnedDaemon): Promise<void> {
  t.match(await get(`${daemon.url}/healthz`), { status: 200, text: 'ok\n' })
  t.notMatch(daemon.stdout.text(), /"level":(50|60)/, 'no error in the log')
}

/** fetch sets Host, Origin and Sec-Fetch-Site by itself. */
function rawStatus(
  port: number,
  options: { readonly method: string; readonly path: string; readonly headers: object },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { connection: 'close', ...options.headers }
    request({ host: '127.0.0.1', port, ...options, headers }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
      .on('error', reject)
      .end()
  })
}
