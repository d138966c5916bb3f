// `--open`: the page of one capture, and what shows it.
import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import t from 'tap'
import { browserCommand, startBrowser, tunnelCommand } from '../../src/cli/open/browser.ts'
import { openOneShotPage } from '../../src/cli/open/one-shot-page.ts'
import { spawnProfilable } from '../e2e/profilable.ts'
import { chromiumMissing } from '../fixtures/support/chromium.ts'
import { pprofdEntry, pprofdEnvironment } from '../fixtures/support/daemon.ts'
import { runCommand } from '../fixtures/support/run-command.ts'
import { spawnProcess } from '../fixtures/support/spawn-target.ts'
import { runCliInProcess } from './captured-output.ts'

t.setTimeout(180_000)

const capture = { name: 'cpu of <b>api</b>', bytes: Buffer.from('the profile') }
const ownUid = process.getuid?.() ?? 0

t.test('the page serves speedscope and the capture, below its path only, and ends', async (t) => {
  const page = await openOneShotPage(capture, [ownUid])
  const { origin, pathname, hash } = new URL(page.url)
  t.match(pathname, /^\/[\w-]{32}\/$/)
  const parameters = new URLSearchParams(hash.slice(1))
  t.equal(parameters.get('title'), capture.name)
  const index = await fetch(`${origin}${pathname}`)
  const html = await index.text()
  const policy = index.headers.get('content-security-policy') ?? ''
  t.match(policy, /^default-src 'none';.*script-src 'self' 'wasm-unsafe-eval';/)
  t.notMatch(policy, /unsafe-inline|'unsafe-eval'|https?:/)
  for (const [, file = ''] of html.matchAll(/(?:src|href)="([^"]+)"/g)) {
    const { status, headers } = await fetch(`${origin}${pathname}${file}`)
    t.equal(status, 200, file)
    t.not(headers.get('content-type'), 'application/octet-stream', file)
  }
  for (const path of ['/', '/capture', `${pathname}../../package.json`, `${pathname}nothing`]) {
    t.equal((await fetch(`${origin}${path}`)).status, 404, path)
  }
  t.equal((await fetch(`${origin}${pathname}`, { method: 'POST' })).status, 405)
  t.equal(await statusWith(page.url, { host: 'evil.example' }), 403, 'DNS rebinding')
  t.equal(await statusWith(page.url, { origin: 'http://evil.example' }), 403)
  t.equal(await statusWith(page.url, { 'sec-fetch-site': 'cross-site' }), 403)
  const profile = await fetch(`${origin}${parameters.get('profileURL')}`)
  t.equal(await profile.text(), 'the profile')
  t.equal(await page.done, true)
  await t.rejects(fetch(page.url), 'nothing listens any more')
})

t.test('other users see nothing; it can be given up', async (t) => {
  const page = await openOneShotPage(capture, [ownUid + 1])
  t.equal((await fetch(page.url)).status, 403)
  page.close()
  t.equal(await page.done, false)
})

t.test('what shows it, and what is said where nothing can', async (t) => {
  const url = 'http://127.0.0.1:1/x/#profileURL=a%3Ab'
  const display = { DISPLAY: ':0' }
  t.same(browserCommand(display, 'linux', url), ['xdg-open', url])
  t.same(browserCommand({ WAYLAND_DISPLAY: 'w' }, 'linux', url), ['xdg-open', url])
  t.same(browserCommand({}, 'darwin', url), ['open', url])
  t.equal(browserCommand({}, 'linux', url), undefined, 'no display')
  t.equal(browserCommand({ ...display, SSH_CONNECTION: 'a 1 b 2' }, 'linux', url), undefined)
  t.same(browserCommand({ BROWSER: 'firefox:w3m' }, 'linux', url), ['firefox', url])
  t.same(browserCommand({ BROWSER: 'x --new=%s' }, 'linux', url), ['x', `--new=${url}`])
  t.match(
    tunnelCommand({ SSH_CONNECTION: '10.0.0.9 5 10.0.0.5 22' }, 4711),
    /-L 4711:127\.0\.0\.1:4711 \S+@10\.0\.0\.5$/,
  )
  t.match(tunnelCommand({ SSH_CONNECTION: 'a b $(rm) c' }, 1), /@(?!.*rm)/)
  // As the page does it.
  const alive = setInterval(() => {}, 1000)
  t.teardown(() => clearInterval(alive))
  t.equal(await startBrowser(['/nonexistent/browser', url]), false)
  t.equal(await startBrowser(['false']), false)
  t.equal(await startBrowser(['true']), true)
})

t.test('over ssh the URL and the tunnel are printed, and whoever opens it ends it', async (t) => {
  const target = await spawnProfilable(t, 'busy.cjs')
  const file = join(t.testdir(), 'cpu.pb.gz')
  const args = [pprofdEntry, 'wall', String(target.pid), '-s', '0.3', '-o', file, '--open']
  const env = { ...pprofdEnvironment, SSH_CONNECTION: '10.0.0.9 5 10.0.0.5 22' }
  const command = spawnProcess(t, process.execPath, args, { env })
  const line = await command.stderr.waitFor(/^open http/)
  await command.stderr.waitFor(/^from another machine, first: ssh -N -L (\d+):127\.0\.0\.1:\1 /)
  const { origin, hash } = new URL(line.replace('open ', ''))
  const profileUrl = new URLSearchParams(hash.slice(1)).get('profileURL')
  const { status } = await fetch(`${origin}${profileUrl}`)
  t.equal(status, 200)
  t.match(await command.waitForExit(), { code: 0 })
  t.match(command.stderr.text(), /the browser has it/)
})

const skip = (await chromiumMissing()) ?? false

t.test('a real browser shows the known function', { skip }, async (t) => {
  const target = await spawnProfilable(t, 'busy.cjs')
  const folder = t.testdir()
  const file = (name: string) => join(folder, name)
  // What a user's BROWSER is: a program that gets the URL.
  const switches =
    '--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --enable-logging=stderr'
  const script = `#!/bin/sh
exec chromium ${switches} --user-data-dir=${file('profile')} --virtual-time-budget=10000 \\
  --dump-dom "$1" >${file('dom.html')} 2>${file('log')}
`
  writeFileSync(file('browser'), script, { mode: 0o755 })
  process.env.BROWSER = file('browser')
  t.teardown(() => delete process.env.BROWSER)
  const args = ['profile', String(target.pid), '-s', '0.5', '-o', file('cpu.pb.gz'), '--open']
  const { exitCode, stderr } = await runCliInProcess(t, args)
  t.equal(exitCode, 0)
  t.match(stderr, /^wrote .*cpu\.pb\.gz(?:.|\n)*the browser has it\n$/)
  const title = `busy.cjs (pid ${target.pid})`
  await waitForTitle(file('dom.html'), title)
  const { stdout } = await runCommand('cat', [file('log')])
  t.match(stdout.toString(), /Importing as speedscope json file/)
  t.notMatch(stdout.toString(), /Content Security Policy|Refused to/)
})

async function waitForTitle(file: string, title: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    const { stdout } = await runCommand('cat', [file])
    if (stdout.toString().includes(title)) return
    if (tries > 300) throw new Error(`no ${title} in ${stdout}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** fetch sets these headers itself. */
function statusWith(url: string, headers: Readonly<Record<string, string>>): Promise<number> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { headers }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    asking.on('error', reject)
    asking.end()
  })
}
