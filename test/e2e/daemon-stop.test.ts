// SIGTERM and SIGINT: captures end, targets are restored, and the process is gone within 5 s.
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { startDaemon } from '../fixtures/support/daemon.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { spawnProcess } from '../fixtures/support/spawn-target.ts'
import { get, profileUrl, spawnProfilable, until } from './profilable.ts'

t.setTimeout(180_000)

const stopLimitMs = 5000

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  t.test(`${signal} ends a running capture and restores its target`, async (t) => {
    const daemon = await startDaemon(t)
    const target = await spawnProfilable(t, 'busy.cjs')
    const capture = get(profileUrl(daemon.url, target, 'seconds=60'))
    await until('the inspector is open', async () => (await listeningPorts(target.pid)).length > 0)
    await delay(300)
    daemon.child.kill(signal)
    const { code, elapsedMs } = await daemon.waitForExit()
    t.equal(code, 0, daemon.stdout.text())
    t.ok(elapsedMs < stopLimitMs, `${Math.round(elapsedMs)} ms`)
    const answer = await capture
    t.equal(answer.status, 503)
    t.match(answer.text, /^[^\n]+\n$/)
    t.same(await listeningPorts(target.pid), [])
    t.ok(target.isAlive())
  })
}

t.test('an idle daemon stops, too', async (t) => {
  const daemon = await startDaemon(t)
  daemon.child.kill('SIGTERM')
  t.match(await daemon.waitForExit(), { code: 0, signal: null })
  await t.rejects(get(`${daemon.url}/healthz`), 'nobody listens any more')
})

t.test('a target that native code blocks does not hold the daemon back', async (t) => {
  const blocks = (forMs: number, seconds: number) =>
    `setTimeout(() => require('node:child_process').execSync('sleep ${seconds}'), ${forMs})
    setInterval(() => {}, 60_000)
    console.log('ready')`

  await t.test('that was blocked before it could be attached', async (t) => {
    const daemon = await startDaemon(t)
    const args = ['--inspect-port=0', '-e', blocks(0, 8)]
    const target = spawnProcess(t, process.execPath, args, {})
    await target.stdout.waitFor(/ready/)
    await delay(300)
    const capture = get(profileUrl(daemon.url, target, 'seconds=1')).catch(() => undefined)
    await delay(700)
    daemon.child.kill('SIGTERM')
    const { elapsedMs } = await daemon.waitForExit()
    t.ok(elapsedMs < stopLimitMs, `${Math.round(elapsedMs)} ms`)
    await capture
    t.ok(target.isAlive())
  })

  await t.test('that is blocked in the middle of its capture', async (t) => {
    const daemon = await startDaemon(t)
    const args = ['--inspect-port=0', '-e', blocks(2500, 8)]
    const target = spawnProcess(t, process.execPath, args, {})
    await target.stdout.waitFor(/ready/)
    const capture = get(profileUrl(daemon.url, target, 'seconds=60')).catch(() => undefined)
    await target.stderr.waitFor(/Debugger attached/)
    await delay(3000)
    daemon.child.kill('SIGTERM')
    const { elapsedMs } = await daemon.waitForExit()
    t.ok(elapsedMs < stopLimitMs, `${Math.round(elapsedMs)} ms`)
    await capture
    t.ok(target.isAlive())
    const ports = () => listeningPorts(target.pid)
    await until('its inspector is closed', async () => (await ports()).length === 0, 15_000)
  })
})
