// Processes that SIGUSR1 would kill, or that use it for themselves: refused in words, and alive.
import t, { type Test } from 'tap'
import { startDaemon } from '../fixtures/support/daemon.ts'
import { nodeBinary } from '../fixtures/support/node-binaries.ts'
import {
  type SpawnedProcess,
  spawnProcess,
  spawnSleepNamedNode,
  spawnTarget,
} from '../fixtures/support/spawn-target.ts'
import { get, profileUrl, spawnProfilable } from './profilable.ts'

t.setTimeout(240_000)

interface Case {
  readonly what: string
  readonly start: (t: Test) => Promise<SpawnedProcess> | SpawnedProcess
  readonly status: 409 | 502
  readonly reason: RegExp
}

const cases: readonly Case[] = [
  {
    what: 'a sleep that is named node',
    start: spawnSleepNamedNode,
    status: 409,
    reason: /is not Node/,
  },
  {
    what: 'a Node whose SIGUSR1 handler was removed',
    start: (t) => spawnTarget(t, 'sigusr1-removed.cjs'),
    status: 409,
    reason: /SIGUSR1/,
  },
  {
    what: 'a Node whose SIGUSR1 handler has run once',
    start: (t) => spawnTarget(t, 'sigusr1-removed.cjs', { programArguments: ['once'] }),
    status: 409,
    reason: /SIGUSR1/,
  },
  {
    what: 'a Node with a SIGUSR1 handler of its own',
    start: (t) => spawnProfilable(t, 'own-sigusr1-handler.cjs'),
    status: 502,
    reason: /probably handles that signal itself/,
  },
  {
    what: 'a stopped process',
    start: async (t) => {
      const target = await spawnProfilable(t, 'idle.cjs')
      target.child.kill('SIGSTOP')
      return target
    },
    status: 409,
    reason: /stopped/,
  },
]

for (const { what, start, status, reason } of cases) {
  t.test(`${what} is refused with a reason and stays alive`, async (t) => {
    const daemon = await startDaemon(t)
    const target = await start(t)
    const answer = await get(profileUrl(daemon.url, target, 'seconds=1'))
    t.equal(answer.status, status, answer.text)
    t.match(answer.text, reason)
    t.match(answer.text, /^[^\n]+\n$/, 'one sentence')
    await new Promise((resolve) => setTimeout(resolve, 300))
    t.ok(target.isAlive())
  })
}

for (const major of [22, 24, 26] as const) {
  const { path, reason } = await nodeBinary(major)
  const title = `a Node ${major} with --disable-sigusr1 is refused and stays alive`
  t.test(title, { skip: reason ?? false }, async (t) => {
    const daemon = await startDaemon(t)
    const target = await spawnProfilable(t, 'idle.cjs', {
      node: path ?? '',
      nodeArguments: ['--disable-sigusr1'],
    })
    const answer = await get(profileUrl(daemon.url, target, 'seconds=1'))
    t.equal(answer.status, 409, answer.text)
    t.match(answer.text, /--disable-sigusr1/)
    t.ok(target.isAlive())
  })
}

t.test('another program on the port is refused before any signal', async (t) => {
  const daemon = await startDaemon(t)
  const holder = spawnProcess(t, process.execPath, ['-e', holderProgram], {})
  const port = await holder.stdout.waitFor(/^\d+$/)
  const target = await spawnTarget(t, 'idle.cjs', { nodeArguments: [`--inspect-port=${port}`] })
  const answer = await get(profileUrl(daemon.url, target, 'seconds=1'))
  t.equal(answer.status, 409, answer.text)
  t.match(answer.text, new RegExp(`${port}`))
  t.equal(target.stderr.text(), '', 'it was not signalled')
  t.ok(target.isAlive())
})

const holderProgram = `
const server = require('node:net').createServer()
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
`
