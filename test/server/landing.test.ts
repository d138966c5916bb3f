import { mkdtempSync, rmSync } from 'node:fs'
import { hostname, networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { listen } from '../../src/server/listen.ts'
import { pagePolicy } from '../../src/ui/policies.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { listenAnywhere, startApp } from './start-app.ts'

const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? [])
const hasIpv6 = addresses.some(({ address }) => address === '::1')
const noIpv6 = hasIpv6 ? false : 'this machine has no IPv6 loopback'

t.test('the landing page names the targets and starts nothing', async (t) => {
  const hostile = '<script>\'"&'
  const target = await spawnTarget(t, 'idle.cjs', { programArguments: [hostile, 'x'.repeat(300)] })
  const { app, log } = startApp(t)
  const port = await listenAnywhere(app)
  const answer = await app.inject({ url: '/', headers: { host: '127.0.0.1:40000' } })
  t.equal(answer.headers['content-type'], 'text/html; charset=utf-8')
  t.match(answer.body, `<pre>ssh -L 40000:127.0.0.1:${port} ${hostname()}</pre>`)
  t.match(
    answer.body,
    `go tool pprof -http=: 'http://127.0.0.1:40000/targets/${target.pid}/debug/pprof/profile?seconds=30'`,
  )
  t.match(answer.body, '&lt;script&gt;&#39;&#34;&amp; xxx')
  const scripts = [...answer.body.matchAll(/<script[^>]*>/g)].map(([tag]) => tag)
  t.match(scripts, [/^<script type="module" src="\/ui\/page\/[\w-]{12}\/main\.js">$/], 'its own')
  t.notMatch(answer.body, / style=|<style| on\w+=/, 'nothing inline')
  t.equal(answer.headers['content-security-policy'], pagePolicy)
  t.match(pagePolicy, /^default-src 'none'; .*script-src 'self'; style-src 'self';/)
  t.notMatch(pagePolicy, /unsafe|http|\*|data:/)
  const all = [...answer.body.matchAll(/href="([^"]*)"/g)].map(([, href]) => href ?? '')
  const links = all.filter((href) => !href.startsWith('#') && !href.startsWith('/ui/page/'))
  t.ok(links.includes(`/targets/${target.pid}/debug/pprof/`))
  t.strictSame(
    links.filter((href) => href.includes('profile')),
    [],
  )
  // Not those of other processes: they may end meanwhile.
  const lasting = links.filter((href) => !/\d/.test(href) || href.includes(`/${target.pid}/`))
  t.equal(lasting.length, 10, 'four of pprofd, three of the target, three of pprofd itself')
  const still = lasting.filter((href) => !href.endsWith('/debug/panicparse'))
  t.equal(still.length, 8, 'the goroutines look into a target')
  for (const href of still) t.equal((await app.inject(href)).statusCode, 200, href)
  t.strictSame(
    log.filter(({ msg }) => msg === 'cpu capture ended'),
    [],
  )
})

t.test('the tunnel leads to where pprofd listens, whatever the name at the near end', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'pprofd-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'p.sock')
  const onSocket = startApp(t).app
  await listen(onSocket, { kind: 'unix', path })
  const bySocket = await onSocket.inject({ url: '/', headers: { host: 'localhost' } })
  t.match(bySocket.body, `<pre>ssh -L 8081:${path} ${hostname()}</pre>`)
  const silent = await startApp(t).app.inject({ url: '/', headers: { host: '[::1]:9000' } })
  t.match(silent.body, `<pre>ssh -L 9000:127.0.0.1:9000 ${hostname()}</pre>`)
  t.match(silent.body, "'http://[::1]:9000/targets/self/debug/pprof/profile?seconds=30'")
})

t.test('on IPv6 loopback the far end of the tunnel is in brackets', { skip: noIpv6 }, async (t) => {
  const { app } = startApp(t)
  const url = await listen(app, { kind: 'tcp', host: '::1', port: 0 })
  const answer = await fetch(url)
  const { port } = new URL(url)
  t.match(await answer.text(), `<pre>ssh -L ${port}:[::1]:${port} ${hostname()}</pre>`)
})

t.test("a target's name is safe in paths, pages and shells", async (t) => {
  const configured = [
    { name: "o'b & <c>/$(x)", port: 1, enabled: true, signal: false },
    { name: '..', port: 2, enabled: true, signal: false },
  ]
  const { app } = startApp(t, { targets: { configured, discover: false } })
  const { body } = await app.inject('/')
  t.match(body, `href="/targets/o%27b%20%26%20%3Cc%3E%2F%24(x)/debug/pprof/"`)
  t.match(body, 'curl -fsS -o o-b-c-x-.cpuprofile ')
  t.match(body, 'curl -fsS -o target.cpuprofile ')
})
