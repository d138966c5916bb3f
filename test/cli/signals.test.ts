// What the commands do at signals, inside this process. In a file of its own, because the first signal
// ends tap's measurement of the coverage.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { get, spawnProfilable, until } from '../e2e/profilable.ts'
import { freePort } from '../fixtures/support/free-port.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { spawnProcess } from '../fixtures/support/spawn-target.ts'
import { runCliInProcess } from './captured-output.ts'

t.setTimeout(60_000)

t.test('serve runs the daemon until SIGTERM', async (t) => {
  const listen = `127.0.0.1:${await freePort()}`
  const running = runCliInProcess(t, ['serve', '--listen', listen, '--log.level', 'silent'])
  const healthz = () => get(`http://${listen}/healthz`).catch(() => undefined)
  await until('it serves', async () => (await healthz())?.status === 200)
  process.emit('SIGTERM', 'SIGTERM')
  t.equal((await running).exitCode, 0)
})

t.test('profile ends early on SIGINT and keeps what it has', async (t) => {
  const target = await spawnProfilable(t, 'busy.cjs')
  const file = join(t.testdir(), 'cpu.cpuprofile')
  const args = ['profile', String(target.pid), '-s', '60', '-o', file]
  const running = runCliInProcess(t, args)
  await until('it attaches', async () => (await listeningPorts(target.pid)).length === 1)
  await new Promise((resolve) => setTimeout(resolve, 500))
  process.emit('SIGINT', 'SIGINT')
  t.equal((await running).exitCode, 0)
  t.ok(JSON.parse(readFileSync(file, 'utf8')).samples.length > 0)
})

t.test('profile gives up on SIGTERM', async (t) => {
  const target = await spawnProfilable(t, 'busy.cjs')
  const file = join(t.testdir(), 'cpu.cpuprofile')
  const running = runCliInProcess(t, ['profile', String(target.pid), '-s', '60', '-o', file])
  await until('it attaches', async () => (await listeningPorts(target.pid)).length === 1)
  process.emit('SIGTERM', 'SIGTERM')
  t.match((await running).error, { code: 'capture-aborted' })
  t.notOk(existsSync(file))
  t.same(await listeningPorts(target.pid), [])
})

t.test('a target that native code blocks meanwhile is named in a warning', async (t) => {
  const program = `
    setTimeout(() => {
      console.log('blocked')
      require('node:child_process').execSync('sleep 20')
    }, 1500)`
  const target = spawnProcess(t, process.execPath, ['--inspect-port=0', '-e', program], {})
  const file = join(t.testdir(), 'cpu.md')
  const running = runCliInProcess(t, ['profile', String(target.pid), '-s', '60', '-o', file])
  await target.stdout.waitFor(/blocked/)
  // From the line to the blocking call it has a few ms in which it would still answer.
  await sleep(300)
  process.emit('SIGTERM', 'SIGTERM')
  const { error, stderr } = await running
  t.match(error, { code: 'capture-aborted' })
  t.match(stderr, /^warning: the inspector of the target is still open/)
})
