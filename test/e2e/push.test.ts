// The real daemon pushes what a real, busy process does to an engine that takes nothing but its contract.
import { chmodSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Profile } from '../../src/pprof/profile.ts'
import { startDaemon } from '../fixtures/support/daemon.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { temporaryFolder } from '../proc/temporary-folder.ts'
import { fakePyroscope } from '../recorder/push/fake-engine.ts'
import { until } from '../targets/new-targets.ts'
import { spawnProfilable } from './profilable.ts'

const secret = 'a-secret-of-the-engine'

t.test('what the configuration names is pushed, and nothing else', async (t) => {
  const engine = await fakePyroscope(t, { token: `Bearer ${secret}`, tenant: 'team-a' })
  const [named, other] = [
    await spawnProfilable(t, 'busy.cjs'),
    await spawnProfilable(t, 'busy.cjs'),
  ]
  const folder = temporaryFolder(t)
  const tokenFile = join(folder, 'token')
  writeFileSync(tokenFile, `${secret}\n`)
  chmodSync(tokenFile, 0o600)
  const config = join(folder, 'pprofd.yaml')
  const write = (push: string) =>
    writeFileSync(
      config,
      `listen: 127.0.0.1:0
targets:
  - name: shop
    pid: ${named.pid}
  - name: gone
    pid: 4194303
  - name: forbidden
    pid: ${process.pid}
    profiles: [goroutine]
push:
${push}
`,
    )
  const push = `  url: ${engine.url}\n  tokenFile: ${tokenFile}\n  tenant: team-a\n  every: 2\n  seconds: 1`
  write(push)
  const start = () =>
    startDaemon(t, {
      arguments: ['--config', config],
      env: { PPROFD_STATE_DIR: join(folder, 'state') },
    })
  const daemon = await start()
  const pushed = (name: string) => engine.received.filter(({ labels }) => labels.__name__ === name)
  const isDone = () => pushed('process_cpu').length > 0 && pushed('memory').length > 0
  t.ok(await until(isDone, 60_000))
  t.same(engine.complaints, [])
  t.same([...new Set(engine.received.map(({ labels }) => labels.pid))], [`${named.pid}`])
  t.match(pushed('process_cpu')[0]?.labels, {
    service_name: 'shop',
    node_version: process.version,
    trigger: undefined,
  })
  for (const { profile } of pushed('process_cpu')) {
    t.ok(shareOf(profile, 'burnSixty') > 0.3, `${shareOf(profile, 'burnSixty')}`)
  }
  t.ok(pushed('memory')[0]?.profile.sampleTypes.some(({ type }) => type === 'inuse_space'))
  t.same(await listeningPorts(other.pid), [], 'nobody touched the other')

  const { captures } = (await (await fetch(`${daemon.url}/captures`)).json()) as {
    readonly captures: readonly object[]
  }
  t.match(captures.at(-1), {
    caller: { address: 'pprofd' },
    parameters: { seconds: 1, because: 'push' },
  })

  write('  format: parca')
  daemon.child.kill('SIGHUP')
  t.ok(await until(() => daemon.log().some(({ msg }) => msg === 'configuration reloaded'), 20_000))
  const count = engine.requests
  await daemon.stop()
  t.equal(engine.requests, count, 'a reload without url ends it')
  t.same(await listeningPorts(named.pid), [], 'the target is as before')
  t.notMatch(daemon.stdout.text() + daemon.stderr.text(), new RegExp(secret))
  t.ok(
    daemon
      .log()
      .some(({ outcome, target }) => outcome === 'target-forbidden' && target === 'forbidden'),
  )

  // An engine that is down: what waits survives the daemon, however that ends.
  await engine.close()
  write(push)
  const second = await start()
  const outgoing = join(folder, 'state/spool/outgoing')
  const waiting = () => readdirSync(outgoing).filter((name) => name.endsWith('.pb.gz'))
  t.ok(await until(() => waiting().length > 0, 60_000))
  second.child.kill('SIGKILL')
  await second.waitForExit()
  const [first = ''] = waiting()
  t.match(first, /^\d{4}-\d\d-\d\dT\d{6}\.\d{3}Z_shop_\d+_(profile|heap)\.pb\.gz$/)
  const port = Number(new URL(engine.url).port)
  const again = await fakePyroscope(t, { token: `Bearer ${secret}`, tenant: 'team-a', port })
  const third = await start()
  t.ok(await until(() => !waiting().includes(first) && again.received.length > 0, 60_000))
  await third.stop()
  t.same(again.complaints, [])
  const ids = again.received.map(({ id }) => id)
  t.equal(new Set(ids).size, ids.length, 'nothing came twice')
})

t.test('a token that others can read keeps the daemon from starting', async (t) => {
  const tokenFile = join(temporaryFolder(t), 'token')
  writeFileSync(tokenFile, `${secret}\n`, { mode: 0o644 })
  const env = { PPROFD_PUSH_URL: 'https://127.0.0.1:1', PPROFD_PUSH_TOKEN_FILE: tokenFile }
  await t.rejects(startDaemon(t, { env }), { message: /push\.tokenFile names .*chmod 600/ })
})

/** Of the samples, those with that function on top of the stack. */
function shareOf({ samples }: Profile, name: string): number {
  const total = samples.reduce((sum, { values }) => sum + (values[0] ?? 0), 0)
  const own = samples.filter(({ stack }) => stack[0]?.lines[0]?.function?.name.includes(name))
  return own.reduce((sum, { values }) => sum + (values[0] ?? 0), 0) / total
}
