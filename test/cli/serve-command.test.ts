// `pprofd serve`: starting, not starting, and reloading on SIGHUP.
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { get, until } from '../e2e/profilable.ts'
import { runCli, spawnDaemon, startDaemon } from '../fixtures/support/daemon.ts'
import { freePort } from '../fixtures/support/free-port.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import type { SpawnedProcess } from '../fixtures/support/spawn-target.ts'

t.setTimeout(120_000)

t.test('a port in use ends the start with one sentence', async (t) => {
  const holder = createServer()
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve))
  t.teardown(() => holder.close())
  const address = holder.address()
  const port = typeof address === 'object' ? address?.port : 0
  const daemon = spawnDaemon(t, { arguments: ['--listen', `127.0.0.1:${port}`] })
  t.match(await daemon.waitForExit(), { code: 2 })
  t.match(
    daemon.stderr.text(),
    /^error: cannot listen on 127\.0\.0\.1:\d+: another process listens there already; stop it or set listen to another address$/,
  )
})

t.test('a unix socket is served with mode 0600 and taken over when stale', async (t) => {
  // A socket's path has 107 bytes at most: the folders of tests are too deep.
  const folder = mkdtempSync(join(tmpdir(), 'pprofd-test-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 's')
  for (const round of ['fresh', 'stale']) {
    const daemon = spawnDaemon(t, { arguments: ['--listen', path] })
    await daemon.stdout.waitFor(/"msg":"listening"/)
    t.equal(statSync(path).mode & 0o777, 0o600, `${round}: the mode`)
    const second = spawnDaemon(t, { arguments: ['--listen', path] })
    t.match(await second.waitForExit(), { code: 2 }, `${round}: a second daemon`)
    daemon.child.kill('SIGKILL')
    await daemon.waitForExit()
  }
})

t.test('enabled: false stays up, listens on nothing and says so', async (t) => {
  const daemon = spawnDaemon(t, { arguments: ['--listen', '127.0.0.1:0', '--no-enabled'] })
  await daemon.stdout.waitFor(/switched off by enabled: false; listening on nothing/)
  await delay(300)
  t.ok(daemon.isAlive())
  t.same(await listeningPorts(daemon.pid), [])
  daemon.child.kill('SIGTERM')
  t.match(await daemon.waitForExit(), { code: 0 })
})

t.test('SIGHUP reloads the file', async (t) => {
  const file = join(t.testdir(), 'pprofd.yaml')
  const [first, second] = [await freePort(), await freePort()]
  writeFileSync(file, yaml(first, { maxSeconds: 5 }))
  const daemon = await startDaemon(t, { arguments: ['--config', file] })
  t.equal(daemon.port, first)
  const maxSeconds = async (port: number) =>
    /from 1 to (\d+)/.exec((await get(`${base(port)}/debug/pprof/profile?seconds=0`)).text)?.[1]
  t.equal(await maxSeconds(first), '5')

  await t.test('a changed limit holds without a new listener', async (t) => {
    await reload(t, daemon, file, yaml(first, { maxSeconds: 7 }), /configuration reloaded/)
    t.equal(await maxSeconds(first), '7')
  })

  await t.test('a wrong file changes nothing and is logged with its line', async (t) => {
    await reload(t, daemon, file, 'enabled: true\nbogus: 1\n', /configuration not reloaded/)
    t.match(daemon.stdout.text(), /pprofd\.yaml:2: /)
    t.equal(await maxSeconds(first), '7')
  })

  await t.test('another address is taken and the old one given up', async (t) => {
    await reload(t, daemon, file, yaml(second, { maxSeconds: 7 }), /configuration reloaded/)
    t.equal(await maxSeconds(second), '7')
    await t.rejects(get(`${base(first)}/healthz`))
  })

  await t.test('an address in use keeps the old one', async (t) => {
    const holder = createServer()
    await new Promise<void>((resolve) => holder.listen(first, '127.0.0.1', resolve))
    await reload(t, daemon, file, yaml(first, { maxSeconds: 9 }), /configuration not reloaded/)
    holder.close()
    t.equal(await maxSeconds(second), '7')
  })

  await t.test('enabled: false and true switch it off and on', async (t) => {
    const off = `enabled: false\n${yaml(second, { maxSeconds: 7 })}`
    await reload(t, daemon, file, off, /configuration reloaded/)
    t.same(await listeningPorts(daemon.pid), [])
    t.ok(daemon.isAlive())
    await reload(t, daemon, file, yaml(second, { maxSeconds: 8 }), /configuration reloaded/)
    t.equal(await maxSeconds(second), '8')
  })

  await t.test('two at once are both done', async (t) => {
    writeFileSync(file, yaml(second, { maxSeconds: 11 }))
    daemon.child.kill('SIGHUP')
    daemon.child.kill('SIGHUP')
    await until('the new limit holds', async () => (await maxSeconds(second)) === '11')
    t.ok(daemon.isAlive())
  })
})

t.test('pprofd config prints a file that gives the same configuration', async (t) => {
  const folder = t.testdir({
    'a.yaml': `limits:\n  maxSeconds: 20\ntargets:\n  - name: api\n    match: api\\.js$\ndefaultTarget: api\n`,
  })
  const env = { PPROFD_PROFILE_HZ: '250' }
  const args = ['config', '--config', join(folder, 'a.yaml')]
  const first = await runCli([...args, '--listen', '127.0.0.1:9999'], { env })
  t.equal(first.code, 0, first.stderr)
  t.match(first.stdout.toString(), /^listen: 127\.0\.0\.1:9999$/m)
  t.match(first.stdout.toString(), /^ {2}hz: 250$/m)
  writeFileSync(join(folder, 'b.yaml'), first.stdout)
  const again = await runCli(['config', '--config', join(folder, 'b.yaml')])
  t.equal(again.stdout.toString(), first.stdout.toString())
})

function yaml(port: number, limits: { readonly maxSeconds: number }): string {
  return `listen: 127.0.0.1:${port}\nlimits:\n  maxSeconds: ${limits.maxSeconds}\n`
}

function base(port: number): string {
  return `http://127.0.0.1:${port}`
}

/** Writes the file, signals, and waits for one more line that matches. */
async function reload(
  t: Test,
  daemon: SpawnedProcess,
  file: string,
  text: string,
  outcome: RegExp,
): Promise<void> {
  const count = () => daemon.stdout.lines().filter((line) => outcome.test(line)).length
  const before = count()
  writeFileSync(file, text)
  daemon.child.kill('SIGHUP')
  await until(`the log says ${outcome}`, () => count() > before)
  t.ok(daemon.isAlive())
}
