// A page of another origin in a real browser tries whatever pages can: nothing is captured, nothing read.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { chromiumMissing, openChromium } from '../fixtures/support/chromium.ts'
import { startDaemon } from '../fixtures/support/daemon.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { spawnProfilable } from './profilable.ts'

const skip = (await chromiumMissing()) ?? false

t.setTimeout(180_000)

/** What each attempt could read: empty, where the browser or pprofd kept it from it. */
type Seen = Readonly<Record<string, string>>

/** Runs in the page. `U` and `P` are where a capture starts, `B` where pprofd is. Each gives what it could read. */
const attempts = `
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const text = async (answer) => (answer.type === 'opaque' ? '' : answer.status + ' ' + (await answer.text()))
const element = (name, attributes) => new Promise((resolve) => {
  const it = Object.assign(document.createElement(name), attributes)
  it.onload = () => resolve(name === 'img' ? 'an image ' + it.width : '')
  it.onerror = () => resolve('')
  document.body.append(it)
  setTimeout(() => resolve(''), 2000)
})
const form = async (method, action, enctype) => {
  const frame = Object.assign(document.createElement('iframe'), { name: 'f' + Math.random() })
  document.body.append(frame)
  const it = Object.assign(document.createElement('form'), { method, action, enctype, target: frame.name })
  it.append(Object.assign(document.createElement('input'), { name: 'seconds', value: '1' }))
  document.body.append(it)
  it.submit()
  await wait(500)
  try { return frame.contentDocument?.URL === 'about:blank' ? '' : frame.contentDocument?.body.innerText ?? '' } catch { return '' }
}
const framed = async (name, attributes) => {
  await element(name, attributes)
  const it = document.body.lastElementChild
  try { return it.contentDocument?.body?.innerText ?? '' } catch { return '' }
}
const socket = () => new Promise((resolve) => {
  const it = new WebSocket(U.replace('http', 'ws'))
  it.onopen = () => resolve('open')
  it.onmessage = ({ data }) => resolve(data)
  it.onclose = () => resolve('')
})
const events = () => new Promise((resolve) => {
  const it = new EventSource(U)
  it.onmessage = ({ data }) => resolve(data)
  it.onerror = () => resolve('')
})
const opened = async (url) => {
  const it = window.open(url)
  await wait(1000)
  try { return it?.document.URL === 'about:blank' ? '' : it?.document.body.innerText ?? '' } catch { return '' } finally { it?.close() }
}
const ways = {
  fetch: async () => text(await fetch(U)),
  'fetch with credentials': async () => text(await fetch(U, { credentials: 'include' })),
  'fetch without cors': async () => text(await fetch(U, { mode: 'no-cors' })),
  'fetch without referrer': async () => text(await fetch(U, { mode: 'no-cors', referrerPolicy: 'no-referrer' })),
  'fetch that follows a redirect here': async () => text(await fetch('/redirect', { mode: 'no-cors' })),
  'fetch by POST': async () => text(await fetch(U, { method: 'POST', mode: 'no-cors', body: 'x' })),
  'fetch with a header': async () => text(await fetch(U, { headers: { 'X-A': 'b' } })),
  'fetch of a capture as the landing page does it': async () => text(await fetch(P, { method: 'POST' })),
  'fetch without cors of a capture as the landing page does it': async () => text(await fetch(P, { method: 'POST', mode: 'no-cors' })),
  'form of a capture as the landing page does it': () => form('POST', P, 'application/x-www-form-urlencoded'),
  'fetch of the targets': async () => text(await fetch(B + '/targets')),
  'fetch of the landing page': async () => text(await fetch(B + '/')),
  'fetch of the addresses by POST': async () => text(await fetch(B + '/debug/pprof/symbol', { method: 'POST', body: '0x1' })),
  XMLHttpRequest: () => new Promise((resolve) => {
    const it = new XMLHttpRequest()
    it.onloadend = () => resolve(it.responseText)
    it.open('GET', U)
    it.send()
  }),
  img: () => element('img', { src: U }),
  script: () => element('script', { src: U }),
  module: () => element('script', { src: U, type: 'module' }),
  'style sheet': () => element('link', { rel: 'stylesheet', href: U }),
  preload: () => element('link', { rel: 'preload', as: 'fetch', href: U }),
  prefetch: () => element('link', { rel: 'prefetch', href: U }),
  prerender: () => element('link', { rel: 'prerender', href: U }),
  'speculation rules': () => element('script', {
    type: 'speculationrules',
    textContent: JSON.stringify({ prefetch: [{ source: 'list', urls: [U] }], prerender: [{ source: 'list', urls: [U] }] }),
  }),
  'css url': async () => (await element('style', { textContent: 'body { background: url(' + U + ') }' })) || (await wait(300)) || '',
  video: () => element('video', { src: U, preload: 'auto' }),
  iframe: () => framed('iframe', { src: U }),
  'iframe in a sandbox': () => framed('iframe', { src: U, sandbox: 'allow-scripts' }),
  'iframe of the landing page': () => framed('iframe', { src: B + '/' }),
  object: () => framed('object', { data: U }),
  embed: () => framed('embed', { src: U }),
  'form by GET': () => form('GET', U, ''),
  'form by POST': () => form('POST', U, 'text/plain'),
  WebSocket: socket,
  EventSource: events,
  sendBeacon: async () => (navigator.sendBeacon(U, 'x'), await wait(300), ''),
  ping: async () => {
    const it = Object.assign(document.createElement('a'), { href: '#', ping: U })
    it.click()
    await wait(300)
    return ''
  },
  'window.open': () => opened(U),
  worker: () => new Promise((resolve) => {
    const it = new Worker(URL.createObjectURL(new Blob(['fetch(' + JSON.stringify(U) + ').then((a) => a.text()).then(postMessage, () => postMessage(""))'])))
    it.onmessage = ({ data }) => resolve(data)
    it.onerror = () => resolve('')
  }),
}
const limited = (way) => Promise.race([way().catch(() => ''), wait(4000).then(() => '')])
Promise.all(Object.entries(ways).map(async ([name, way]) => [name, String(await limited(way))])).then(Object.fromEntries)
`

/** The attacker's site; it also sends browsers on to pprofd. */
async function startSite(t: Test, capture: string): Promise<number> {
  const server = createServer(({ url }, response) => {
    if (url === '/redirect') response.writeHead(302, { Location: capture }).end()
    else response.writeHead(200, { 'Content-Type': 'text/html' }).end('<title>evil</title><body>')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

async function attack(page: Page, base: string, path: string): Promise<Seen> {
  const posted = `${base}/ui/captures?kind=profile&seconds=1&target=${path.split('/')[2]}`
  const urls = [base, `${base}${path}`, posted]
  const constants = `const [B, U, P] = ${JSON.stringify(urls)};`
  return Object(
    (await page.evaluate(
      `(() => { ${constants} ${attempts.replace('\nPromise.all', '\nreturn Promise.all')} })()`,
    )) ?? {},
  )
}

t.test('a page of another origin starts no capture and reads nothing', { skip }, async (t) => {
  const daemon = await startDaemon(t)
  const target = await spawnProfilable(t, 'idle.cjs')
  const path = `/targets/${target.pid}/debug/pprof/profile?seconds=1`
  const { page } = await openChromium(t, {
    switches: ['--host-resolver-rules=MAP rebound.example 127.0.0.1', '--disable-popup-blocking'],
    // A page that was loaded before its name led here would not have the policy of our answers.
    bypassCSP: true,
  })
  const site = await startSite(t, `${daemon.url}${path}`)
  const rebound = `http://rebound.example:${daemon.port}`
  const attackers = {
    'another port of localhost': [`http://localhost:${site}/`, `http://localhost:${daemon.port}`],
    'another site': [`http://rebound.example:${site}/`, daemon.url],
    // DNS rebinding: the same origin, as far as the browser can tell.
    'a name that leads here': [`${rebound}/`, rebound],
  } as const
  for (const [name, [from, base]] of Object.entries(attackers)) {
    await page.goto(from)
    const seen = await attack(page, base, path)
    t.ok(Object.keys(seen).length > 30, `${name}: ${Object.keys(seen).length} ways were tried`)
    if (base === rebound)
      t.match(seen.fetch, /^403 the Host header must be localhost/, 'it is reached')
    for (const [way, read] of Object.entries(seen)) {
      // Of its own origin the page may read that it is refused.
      const isRefusal =
        /^(403 )?(the Host header must be localhost|pprofd upgrades no)[^\n]*\n*$/.test(read)
      t.ok(read === '' || (base === rebound && isRefusal), `${name}, ${way}: ${read.slice(0, 200)}`)
    }
  }
  await page.goto(`http://localhost:${site}/`)
  await page.evaluate(`location.href = ${JSON.stringify(`${daemon.url}${path}`)}`)
  await delay(500)
  t.notMatch(daemon.stdout.text(), /capture ended/, 'nothing was captured')
  t.equal(target.stderr.text(), '', 'its inspector was never opened')
  t.strictSame(await listeningPorts(target.pid), [], 'its inspector is shut')
  const { status, text } = await fetchText(`${daemon.url}/metrics`)
  t.equal(status, 200)
  t.match(text, /^pprofd_captures_running 0$/m)
  // What shows that the way to the target was open all the time.
  t.equal((await fetchText(`${daemon.url}${path}`)).status, 200, 'curl gets a profile')
})

async function fetchText(url: string): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await fetch(url)
  return { status: answer.status, text: await answer.text() }
}
