import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { type SpawnedTarget, spawnTarget } from '../fixtures/support/spawn-target.ts'
import { listenAnywhere, type StartedApp, startApp } from './start-app.ts'

const limits = { maxSeconds: 60, capturesPerTarget: 2, captures: 64 }

t.test('a client that leaves ends its capture, and the target is as before', async (t) => {
  const target = await spawnBusy(t)
  const started = startApp(t, { limits })
  const port = await listenAnywhere(started.app)
  const socket = connect(port, '127.0.0.1')
  socket.write(`GET ${profilePath(target, 50)} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  await until(async () => (await listeningPorts(target.pid)).length === 1)
  socket.destroy()
  await until(() => audits(started).length === 1)
  t.match(audits(started), [{ outcome: 'capture-aborted', seconds: 50 }])
  t.strictSame(await listeningPorts(target.pid), [], 'its inspector is closed again')
  const next = await Promise.all([1, 2].map(() => started.app.inject(profilePath(target, 1))))
  t.strictSame(
    next.map(({ statusCode }) => statusCode),
    [200, 200],
    'the slot is free again',
  )
})

t.test('captures of one target run side by side up to the limit, then 429', async (t) => {
  const target = await spawnBusy(t)
  const started = startApp(t, { limits })
  const running = [1, 2].map(() => started.app.inject(profilePath(target, 2)))
  await until(async () => (await listeningPorts(target.pid)).length === 1)
  const refused = await started.app.inject(profilePath(target, 2))
  t.equal(refused.statusCode, 429)
  t.match(refused.headers['retry-after'], /^[12]$/)
  t.match(refused.body, /^2 captures of this target run already and the limit is 2; ask again in/)
  const answers = await Promise.all(running)
  t.strictSame(
    answers.map(({ statusCode }) => statusCode),
    [200, 200],
  )
  t.strictSame(await listeningPorts(target.pid), [])
})

t.test('closing the app ends the captures with a sentence and restores the targets', async (t) => {
  const target = await spawnBusy(t)
  const started = startApp(t)
  const port = await listenAnywhere(started.app)
  const answer = fetch(`http://127.0.0.1:${port}${profilePath(target, 50)}`)
  await until(async () => (await listeningPorts(target.pid)).length === 1)
  await started.app.close()
  t.strictSame(await listeningPorts(target.pid), [], 'its inspector is closed again')
  const { status, headers } = await answer
  t.equal(status, 503)
  t.equal(headers.get('x-go-pprof'), '1')
  t.match(audits(started), [{ outcome: 'capture-aborted' }])
  t.ok(target.isAlive())
})

t.test('a target that is killed during its capture is gone, and pprofd is not', async (t) => {
  const target = await spawnBusy(t)
  const started = startApp(t)
  const answer = started.app.inject(profilePath(target, 50))
  await until(async () => (await listeningPorts(target.pid)).length === 1)
  target.child.kill('SIGKILL')
  const { statusCode, body } = await answer
  t.equal(statusCode, 410)
  t.match(body, /^[^\n]+\n$/)
  t.match(audits(started), [{ outcome: 'target-vanished' }])
  await target.waitForExit()
  t.equal((await started.app.inject(profilePath(target, 1))).statusCode, 404)
})

function spawnBusy(t: Test): Promise<SpawnedTarget> {
  return spawnTarget(t, 'busy.cjs', { nodeArguments: ['--inspect-port=0'] })
}

function profilePath({ pid }: SpawnedTarget, seconds: number): string {
  return `/targets/${pid}/debug/pprof/profile?seconds=${seconds}`
}

function audits({ log }: StartedApp): readonly object[] {
  return log.filter(({ msg }) => msg === 'cpu capture ended')
}

/** The timeout of the whole test bounds it. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await delay(20)
}
