// pprofd as systemd runs it: started by a socket, and telling how it is.
import { createSocket } from 'node:dgram'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { takeServiceEnvironment } from '../../src/systemd/service-environment.ts'
import { ServiceManager } from '../../src/systemd/service-manager.ts'
import { get, until } from '../e2e/profilable.ts'
import { freePort } from '../fixtures/support/free-port.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { runCommand } from '../fixtures/support/run-command.ts'
import {
  activatedDaemon,
  notifySocket,
  shortFolder,
  systemdMissing,
} from '../fixtures/support/systemd.ts'

t.setTimeout(120_000)
const skip = await systemdMissing()

t.test('what systemd says is taken out of the environment', async (t) => {
  const told = {
    NOTIFY_SOCKET: '/run/systemd/notify',
    WATCHDOG_USEC: '60000000',
    WATCHDOG_PID: '7',
    LISTEN_FDS: '1',
    LISTEN_PID: '7',
    LISTEN_FDNAMES: 'pprofd.socket',
  }
  const env = { ...told, PATH: '/bin' }
  t.same(takeServiceEnvironment(env, 7), {
    notifySocket: '/run/systemd/notify',
    watchdogMs: 60_000,
    passedFd: 3,
    path: '/bin',
  })
  t.same(env, { PATH: '/bin' })
  const others = takeServiceEnvironment({ ...told }, 8)
  t.match(others, { watchdogMs: undefined, passedFd: undefined }, 'meant for another process')
  const none = { notifySocket: undefined, watchdogMs: undefined, passedFd: undefined }
  t.match(takeServiceEnvironment({}, 7), none)
  const wrong = { ...told, LISTEN_FDS: '0', WATCHDOG_USEC: 'often', NOTIFY_SOCKET: '' }
  t.match(takeServiceEnvironment(wrong, 7), none)
  t.throws(() => takeServiceEnvironment({ ...told, LISTEN_FDS: '2' }, 7), {
    code: 'config-invalid',
    message: /^systemd passed 2 sockets and pprofd serves one; /,
  })
})

t.test('each state is told, in its order, and the watchdog while it runs', { skip }, async (t) => {
  const { path, messages } = await notifySocket(t)
  const manager = new ServiceManager({
    notifySocket: path,
    watchdogMs: 600,
    path: process.env.PATH,
    onFailure: t.error,
  })
  void manager.ready('listening on\nsomething')
  void manager.reloading()
  await manager.ready('again')
  t.equal(messages().at(0), 'READY=1\nSTATUS=listening on something')
  t.match(messages().at(1), /^RELOADING=1\nMONOTONIC_USEC=\d+\nSTATUS=reloading$/)
  t.equal(messages().at(2), 'READY=1\nSTATUS=again')
  const beats = () => messages().filter((message) => message === 'WATCHDOG=1').length
  await until('the watchdog hears of it twice', () => beats() >= 2)
  await manager.stopping()
  await manager.close()
  t.equal(messages().at(-1), 'STOPPING=1\nSTATUS=stopping')
})

t.test('nobody to tell is nothing; no way to tell is told once', async (t) => {
  const failures: unknown[] = []
  const parts = {
    watchdogMs: undefined,
    path: '/nowhere',
    onFailure: (e: Error) => failures.push(e),
  }
  const untold = new ServiceManager({ ...parts, notifySocket: undefined })
  await untold.ready('well')
  t.equal(failures.length, 0)
  const unable = new ServiceManager({ ...parts, notifySocket: '/nowhere/n' })
  await unable.ready('well')
  await unable.stopping()
  t.match(failures, [{ code: 'ENOENT' }])
})

t.test('the first request starts it, and it says what becomes of it', { skip }, async (t) => {
  const { path, messages } = await notifySocket(t)
  const port = await freePort()
  const file = join(t.testdir({ 'a.yaml': 'listen: 127.0.0.1:1\n' }), 'a.yaml')
  const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: '1000000' }
  const daemon = activatedDaemon(t, [`127.0.0.1:${port}`], {
    arguments: ['--config', file],
    env,
  })
  await daemon.stderr.waitFor(/^Listening on/)
  t.same(messages(), [], 'it was not started')
  t.match(await get(`http://127.0.0.1:${port}/healthz`), { status: 200, text: 'ok\n' })
  t.same(await listeningPorts(daemon.pid), [port], 'not where `listen` says')
  const first = (text: string) => messages().some((message) => message.startsWith(text))
  await until('it is ready', () => first('READY=1'))
  t.equal(messages().at(0), `READY=1\nSTATUS=listening on http://127.0.0.1:${port}`)
  await until('the watchdog hears of it', () => first('WATCHDOG=1'))

  await t.test('a reload that switches it off, and on, tells both', async (t) => {
    writeFileSync(file, 'enabled: false\n')
    daemon.child.kill('SIGHUP')
    await until('it is off', () => first('READY=1\nSTATUS=switched off by enabled: false'))
    t.ok(first('RELOADING=1'))
    t.same(await listeningPorts(daemon.pid), [])
    writeFileSync(file, 'enabled: true\n')
    daemon.child.kill('SIGHUP')
    await daemon.stdout.waitFor(/was given up with enabled: false; restart the service/)
    t.ok(daemon.isAlive())
  })
  daemon.child.kill('SIGTERM')
  t.match(await daemon.waitForExit(), { code: 0 })
  t.ok(first('STOPPING=1'))
})

t.test('a unix socket is taken unless everybody may use it', { skip }, async (t) => {
  for (const [mode, isTaken] of [
    [0o660, true],
    [0o666, false],
  ] as const) {
    const path = join(shortFolder(t), 's')
    const daemon = activatedDaemon(t, [path])
    await daemon.stderr.waitFor(/^Listening on/)
    chmodSync(path, mode)
    const answer = await curl(['--unix-socket', path])
    t.equal(answer, isTaken ? 'ok\n' : undefined)
    if (isTaken) t.match(daemon.stdout.text(), `"url":"${path}"`)
    else {
      t.match(await daemon.waitForExit(), { code: 2 })
      t.match(daemon.stderr.text(), /which every user may use; set SocketMode=0600 or 0660/)
    }
  }
})

t.test('other sockets are refused, and nothing is answered', { skip }, async (t) => {
  const port = await freePort()
  const datagram = async () => {
    const socket = createSocket('udp4')
    await new Promise((resolve) => socket.send('x', port, '127.0.0.1', resolve))
    socket.close()
    return undefined
  }
  for (const { address, ask, refusal, activate = [] } of [
    {
      address: `0.0.0.0:${port}`,
      ask: () => get(`http://127.0.0.1:${port}/`).catch(() => undefined),
      refusal: /listens on http:\/\/0\.0\.0\.0:\d+, which is not loopback/,
    },
    {
      address: '@pprofd-test',
      ask: () => curl(['--abstract-unix-socket', 'pprofd-test']),
      refusal: /is an abstract unix socket, which every user may use/,
    },
    {
      address: `127.0.0.1:${port}`,
      ask: datagram,
      refusal: /is none that connections can be accepted on; write ListenStream=/,
      activate: ['--datagram'],
    },
  ]) {
    const daemon = activatedDaemon(t, [address], { activate })
    await daemon.stderr.waitFor(/^Listening on/)
    const answer = ask()
    t.match(await daemon.waitForExit(), { code: 2 })
    t.match(daemon.stderr.text(), refusal)
    t.equal(await answer, undefined)
  }
})

/** Undefined where nothing is answered. */
async function curl(where: readonly string[]): Promise<string | undefined> {
  const { code, stdout } = await runCommand('curl', ['-s', ...where, 'http://localhost/healthz'])
  return code === 0 ? stdout.toString() : undefined
}
