// pprofd is a Node, too: nobody opens its inspector, on any version that it runs on.
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { closeOwnDoor } from '../src/own-door.ts'
import { get, until } from './e2e/profilable.ts'
import {
  pprofdEntry,
  pprofdEnvironment,
  spawnDaemon,
  startDaemon,
} from './fixtures/support/daemon.ts'
import { listeningPorts } from './fixtures/support/listeners.ts'
import { type NodeMajor, nodeBinary } from './fixtures/support/node-binaries.ts'
import { spawnProcess } from './fixtures/support/spawn-target.ts'

t.setTimeout(120_000)

t.test('NODE_OPTIONS is not passed on, and that it preloaded something stays known', async (t) => {
  for (const [given, kept] of [
    [undefined, undefined],
    ['--max-old-space-size=300', undefined],
    ['--disable-sigusr1', undefined],
    ['--max-old-space-size=300 --require ./agent.cjs', ''],
    ['--import=data:text/javascript,1', ''],
    ['-r dd-trace/init', ''],
  ]) {
    const env = { NODE_OPTIONS: given }
    closeOwnDoor(env)
    t.equal(env.NODE_OPTIONS, kept, given ?? 'none')
  }
  t.equal('NODE_OPTIONS' in process.env, true, 'tap is one that preloads')
})

t.test('it does not run with an inspector of its own, however it was opened', async (t) => {
  const byFlag = spawnProcess(t, process.execPath, ['--inspect=0', pprofdEntry, 'serve'], {
    env: pprofdEnvironment,
  })
  const byOption = spawnDaemon(t, { env: { NODE_OPTIONS: '--inspect=0' } })
  const program = join(t.testdir({ 'late.cjs': opensWhenItListens }), 'late.cjs')
  const late = spawnDaemon(t, { env: { NODE_OPTIONS: `--require=${program}` } })
  for (const daemon of [byFlag, byOption, late]) {
    t.match(await daemon.waitForExit(20_000), { code: 2 })
    t.match(
      daemon.stderr.text(),
      /^error: pprofd serve does not run with its own inspector open \(ws:\/\/127\.0\.0\.1:\d+\/[-0-9a-f]+\), .*; start it without --inspect, also in NODE_OPTIONS\ntry: env -u NODE_OPTIONS pprofd serve$/m,
    )
  }
})

for (const major of [20, 22, 24, 26] as const) {
  t.test(`SIGUSR1 opens nothing on Node ${major}`, async (t) => {
    const node = await nodeOrSkip(t, major)
    if (node === undefined) return
    const daemon = await startDaemon(t, { node })
    for (let i = 0; i < 3; i++) {
      daemon.child.kill('SIGUSR1')
      // Node takes 15 to 110 ms to open one.
      await delay(150)
    }
    t.same(await listeningPorts(daemon.pid), [daemon.port])
    t.notMatch(daemon.stderr.text(), /Debugger/)
    // Our own session with it is none of the network's.
    if (major !== 20) return
    const { status } = await get(`${daemon.url}/targets/self/debug/pprof/profile?seconds=1`)
    t.equal(status, 200)
    t.same(await listeningPorts(daemon.pid), [daemon.port])
  })
}

t.test('a SIGUSR1 while it starts opens nothing that stays', async (t) => {
  for (const afterMs of [30, 120]) {
    const daemon = spawnDaemon(t, { arguments: ['--listen', '127.0.0.1:0', '--log.level', 'info'] })
    await delay(afterMs)
    daemon.child.kill('SIGUSR1')
    await until('it serves or has ended', () => {
      return !daemon.isAlive() || /"msg":"listening"/.test(daemon.stdout.text())
    })
    await delay(150)
    const { code, signal } = daemon.isAlive() ? { code: 0, signal: '' } : await daemon.waitForExit()
    t.comment(
      `after ${afterMs} ms: ${daemon.isAlive() ? 'it serves' : `ended with ${code ?? signal}`}`,
    )
    // Before it is a Node at all, the signal ends it.
    if (daemon.isAlive()) t.equal((await listeningPorts(daemon.pid)).length, 1)
    else t.ok(code === 2 || signal === 'SIGUSR1', `${code} ${signal}`)
  }
})

/** As a signal would that is acted upon late. */
const opensWhenItListens = `
  const { Server } = require('node:net')
  const { listen } = Server.prototype
  Server.prototype.listen = function (...args) {
    require('node:inspector').open(0)
    return listen.apply(this, args)
  }`

async function nodeOrSkip(t: Test, major: NodeMajor): Promise<string | undefined> {
  const { path, reason } = await nodeBinary(major)
  if (path === undefined) t.comment(reason)
  return path
}
