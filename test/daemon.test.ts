// The daemon inside this process: starting, reloading, stopping. As a process of its own it is
// tested in test/e2e and test/cli/serve-command.test.ts.
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { loadConfig } from '../src/config/load-config.ts'
import { runDaemon } from '../src/daemon.ts'
import { get, profileUrl, spawnProfilable, until } from './e2e/profilable.ts'
import { freePort } from './fixtures/support/free-port.ts'
import { listeningPorts } from './fixtures/support/listeners.ts'
import { spawnProcess } from './fixtures/support/spawn-target.ts'

t.setTimeout(60_000)

t.test('it serves until SIGTERM and restores the target of a running capture', async (t) => {
  const daemon = await start(t)
  const target = await spawnProfilable(t, 'busy.cjs')
  const capture = get(profileUrl(daemon.url, target, 'seconds=60'))
  await until('it attaches', async () => (await listeningPorts(target.pid)).length === 1)
  process.emit('SIGTERM', 'SIGTERM')
  t.equal(await daemon.exitCode, 0)
  t.equal((await capture).status, 503)
  t.same(await listeningPorts(target.pid), [])
  await t.rejects(get(`${daemon.url}/healthz`))
})

t.test('heap.continuous ends with SIGHUP, and with SIGTERM', async (t) => {
  const daemon = await start(t)
  const target = await spawnProfilable(t, 'leaky.cjs')
  const url = `${daemon.url}/targets/${target.pid}/debug/pprof/heap`
  const isOpen = async () => (await listeningPorts(target.pid)).length === 1
  for (const signal of ['SIGHUP', 'SIGTERM'] as const) {
    daemon.write({ heap: 'continuous: true' })
    process.emit('SIGHUP', 'SIGHUP')
    await until('it samples on', async () => {
      t.equal((await get(url)).status, 200)
      return isOpen()
    })
    daemon.write({})
    process.emit(signal, signal)
    await until(`${signal} ends it`, async () => !(await isOpen()))
  }
  t.equal(await daemon.exitCode, 0)
})

t.test(
  'rules look while there are some, SIGHUP takes new ones, and SIGTERM ends them',
  async (t) => {
    const daemon = await start(t)
    const target = await spawnProfilable(t, 'idle.cjs')
    const rules = async () => JSON.parse((await get(`${daemon.url}/rules`)).text).rules
    t.same(await rules(), [])
    for (const name of ['first', 'second']) {
      const rule = `{ name: ${name}, when: { cpu: 1000 }, for: 5, do: profile, targets: [api] }`
      daemon.write({ rest: `targets: [{ name: api, pid: ${target.pid} }]\nrules: [${rule}]\n` })
      process.emit('SIGHUP', 'SIGHUP')
      await until('it has looked', async () => (await rules())[0]?.targets[0]?.state === 'below')
      t.match(await rules(), [{ rule: name, targets: [{ target: 'api', pid: target.pid }] }])
    }
    daemon.write({ rest: '' })
    process.emit('SIGHUP', 'SIGHUP')
    await until('there are none', async () => (await rules()).length === 0)
    t.equal(target.stderr.text(), '', 'nobody signalled it')
    process.emit('SIGTERM', 'SIGTERM')
    t.equal(await daemon.exitCode, 0)
  },
)

t.test('SIGHUP takes a new configuration and refuses a wrong one', async (t) => {
  const daemon = await start(t)
  daemon.write({ limits: 'maxSeconds: 7' })
  process.emit('SIGHUP', 'SIGHUP')
  await until('the limit holds', async () => (await maxSeconds(daemon.url)) === '7')

  daemon.write({ limits: 'maxSeconds: 0' })
  process.emit('SIGHUP', 'SIGHUP')
  daemon.write({ limits: 'maxSeconds: 8' })
  process.emit('SIGHUP', 'SIGHUP')
  await until('the next one holds', async () => (await maxSeconds(daemon.url)) === '8')

  const port = await freePort()
  daemon.write({ listen: `127.0.0.1:${port}` })
  process.emit('SIGHUP', 'SIGHUP')
  const moved = `http://127.0.0.1:${port}`
  await until('it has moved', () => isServing(moved))
  t.notOk(await isServing(daemon.url))

  daemon.write({ listen: `127.0.0.1:${port}`, enabled: false })
  process.emit('SIGHUP', 'SIGHUP')
  await until('it is switched off', async () => !(await isServing(moved)))
  daemon.write({ listen: `127.0.0.1:${port}` })
  process.emit('SIGHUP', 'SIGHUP')
  await until('it is switched on', () => isServing(moved))

  process.emit('SIGINT', 'SIGINT')
  t.equal(await daemon.exitCode, 0)
})

t.test('an address in use keeps the old one', async (t) => {
  const daemon = await start(t)
  const holder = createServer()
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve))
  t.teardown(() => holder.close())
  const address = holder.address()
  const taken = typeof address === 'object' ? address?.port : 0
  daemon.write({ listen: `127.0.0.1:${taken}`, limits: 'maxSeconds: 9' })
  process.emit('SIGHUP', 'SIGHUP')
  // It closes and opens again within a few milliseconds of reading the file.
  await until('it has read the file', () => daemon.loads() === 2)
  await delay(200)
  await until('it serves again', () => isServing(daemon.url))
  t.equal(await maxSeconds(daemon.url), '300')
  process.emit('SIGTERM', 'SIGTERM')
  t.equal(await daemon.exitCode, 0)
})

t.test('a stop right after a reload stops what the reload started', async (t) => {
  const daemon = await start(t)
  const port = await freePort()
  daemon.write({ listen: `127.0.0.1:${port}` })
  process.emit('SIGHUP', 'SIGHUP')
  process.emit('SIGTERM', 'SIGTERM')
  t.equal(await daemon.exitCode, 0)
  t.notOk(await isServing(daemon.url))
  t.notOk(await isServing(`http://127.0.0.1:${port}`))
})

t.test('a start that fails is thrown and leaves no handler behind', async (t) => {
  const daemon = await start(t)
  const handlers = process.listenerCount('SIGHUP')
  const second = runDaemon(() => loadConfig({ file: daemon.file, env: {} }))
  await t.rejects(second, { code: 'config-invalid', message: /another process listens there/ })
  t.equal(process.listenerCount('SIGHUP'), handlers)
  process.emit('SIGTERM', 'SIGTERM')
  await daemon.exitCode
})

t.test('switched off, it waits for its end', async (t) => {
  const daemon = await start(t, { enabled: false })
  t.notOk(await isServing(daemon.url))
  process.emit('SIGTERM', 'SIGTERM')
  t.equal(await daemon.exitCode, 0)
})

t.test('it says by its exit code that an inspector may be left open', async (t) => {
  const daemon = await start(t)
  const program = `
    process.stdin.once('data', () => {
      console.log('blocked')
      require('node:child_process').execSync('sleep 30')
    })`
  const target = spawnProcess(t, process.execPath, ['--inspect-port=0', '-e', program], {})
  const client = new AbortController()
  const lost = get(profileUrl(daemon.url, target, 'seconds=60'), { signal: client.signal })
  await until('it attaches', async () => (await listeningPorts(target.pid)).length === 1)
  // From here to the recording it is some tens of milliseconds; more on a busy machine.
  await delay(2000)
  target.send('block')
  await target.stdout.waitFor(/blocked/)
  client.abort()
  await t.rejects(lost)
  // The daemon gives up on the target's answers after some 5 s; only then its stop is quick.
  await delay(8000)
  process.emit('SIGTERM', 'SIGTERM')
  t.equal(await daemon.exitCode, 1)
})

interface Settings {
  readonly listen?: string
  readonly enabled?: boolean
  /** One line of the section. */
  readonly limits?: string
  /** One line of the section. */
  readonly heap?: string
  /** Whole sections. */
  readonly rest?: string
}

async function start(t: Test, settings: Settings = {}) {
  const file = join(t.testdir(), 'pprofd.yaml')
  const home = `127.0.0.1:${await freePort()}`
  const write = (settings: Settings): void => {
    const { listen = home, enabled = true, limits = 'captures: 64', heap = 'seconds: 1' } = settings
    const rest = `${settings.rest ?? ''}stateDir: ${t.testdirName}/state\nlog:\n  level: silent\nheap:\n  ${heap}\n`
    writeFileSync(file, `listen: ${listen}\nenabled: ${enabled}\nlimits:\n  ${limits}\n${rest}`)
  }
  write(settings)
  const handlers = process.listenerCount('SIGHUP')
  let loads = 0
  const exitCode = runDaemon(() => {
    loads++
    return loadConfig({ file, env: {} })
  })
  const url = `http://${home}`
  await until('it listens to signals', () => process.listenerCount('SIGHUP') > handlers)
  if (settings.enabled !== false) await until('it serves', () => isServing(url))
  return { exitCode, url, file, write, loads: () => loads }
}

function isServing(url: string): Promise<boolean> {
  return get(`${url}/healthz`).then(
    ({ status }) => status === 200,
    () => false,
  )
}

async function maxSeconds(url: string): Promise<string | undefined> {
  const { text } = await get(`${url}/debug/pprof/profile?seconds=0`)
  return /from 1 to (\d+)/.exec(text)?.[1]
}
