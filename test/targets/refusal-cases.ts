// Processes that pprofd must not touch, each as a real one.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import type { ConfiguredTarget } from '../../src/targets/configured-target.ts'
import type { NodeMajor } from '../fixtures/support/node-binaries.ts'
import { spawnSleepNamedNode, spawnTarget } from '../fixtures/support/spawn-target.ts'
import { configured, nodeNamed, spawnObedient } from './new-targets.ts'

export interface Refused {
  readonly pid: number
  /** Whether it lives, and was not signalled as far as that can be seen. */
  readonly isUntouched: () => boolean
  /** The entry of the configuration to ask for, where the refusal comes from it. */
  readonly entry?: ConfiguredTarget
}

export interface RefusalCase {
  readonly title: string
  readonly start: (t: Test, node?: string) => Promise<Refused>
  readonly refusal: RegExp
  readonly code?: 'target-refused' | 'target-vanished'
  /** Which Node to start; default: the running one. */
  readonly major?: NodeMajor
}

export const refusalCases: readonly RefusalCase[] = [
  {
    title: 'a sleep named node',
    start: async (t) => {
      const { pid, isAlive } = await spawnSleepNamedNode(t)
      return { pid, isUntouched: isAlive }
    },
    refusal: /\/node is not Node\.js$/,
  },
  ...[[], ['once']].map((programArguments) => ({
    title: `a Node whose handler was removed (${programArguments[0] ?? 'removeAllListeners'})`,
    start: async (t: Test) => {
      const { pid, isAlive } = await spawnTarget(t, 'sigusr1-removed.cjs', { programArguments })
      return { pid, isUntouched: isAlive }
    },
    refusal: /SIGUSR1 would kill process \d+/,
  })),
  {
    title: 'Node under another name',
    start: (t) => untouched(spawnObedient(t, { node: nodeNamed(t, 'my-app') })),
    refusal: /\/my-app embeds Node\.js under another name; name the process under targets/,
  },
  {
    title: 'a stopped Node',
    start: async (t) => {
      const { pid, isUntouched } = await untouched(spawnObedient(t))
      process.kill(pid, 'SIGSTOP')
      await sleep(50)
      return { pid, isUntouched }
    },
    refusal: /is stopped; continue it first: kill -CONT \d+/,
  },
  {
    title: 'a zombie',
    start: async (t) => {
      // bash starts a child and becomes a sleep, which never waits for it; bash itself would.
      const parent = spawn('bash', ['-c', 'sleep 1 & echo $!; exec sleep 60'])
      t.teardown(() => parent.kill('SIGKILL'))
      const pid = Number(String((await once(parent.stdout, 'data'))[0]))
      while (!/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) await sleep(20)
      return { pid, isUntouched: () => parent.exitCode === null }
    },
    refusal: /process \d+ has ended$/,
    code: 'target-vanished',
  },
  ...['0.0.0.0', '127.0.0.2', '[::1]'].map((host) => ({
    title: `an inspector port on ${host}`,
    start: (t: Test) =>
      untouched(spawnObedient(t, { nodeArguments: [`--inspect-port=${host}:0`] })),
    refusal: /its flags would open the inspector on .*pprofd opens one on 127\.0\.0\.1 only/,
  })),
  {
    title: 'an inspector port on all addresses out of NODE_OPTIONS',
    start: (t) => {
      const env = { NODE_OPTIONS: '--inspect-port=0.0.0.0:0' }
      return untouched(spawnObedient(t, { nodeArguments: [], env }))
    },
    refusal: /on 0\.0\.0\.0:0/,
  },
  {
    title: 'a taken port',
    start: async (t) => {
      const server = createServer().listen(0, '127.0.0.1')
      await once(server, 'listening')
      t.teardown(() => server.close())
      const address = server.address()
      const port = typeof address === 'object' ? address?.port : 0
      return untouched(spawnObedient(t, { nodeArguments: [`--inspect-port=${port}`] }))
    },
    refusal: /port \d+, where its inspector would open, is taken by another process/,
  },
  {
    title: 'signal: false in the configuration',
    start: async (t) => {
      const refused = await untouched(spawnObedient(t))
      return { ...refused, entry: configured('shop', { pid: refused.pid, signal: false }) }
    },
    refusal: /the configuration forbids to signal it \(signal: false\)/,
  },
  ...([22, 24, 26] as const).flatMap((major) => [
    {
      title: '--disable-sigusr1',
      major,
      start: (t: Test, node?: string) =>
        untouched(startWith(t, node, ['--inspect-port=0', '--disable-sigusr1'])),
      refusal: /ignores SIGUSR1 \(started with --disable-sigusr1/,
    },
    {
      title: 'the permission model',
      major,
      start: (t: Test, node?: string) =>
        untouched(startWith(t, node, ['--inspect-port=0', '--permission', '--allow-fs-read=*'])),
      refusal: /permission model/,
    },
  ]),
]

function startWith(t: Test, node: string | undefined, nodeArguments: readonly string[]) {
  return spawnObedient(t, { nodeArguments, ...(node === undefined ? {} : { node }) })
}

/** A Node that was signalled says on stderr that its inspector listens, or failed to. */
async function untouched(starting: ReturnType<typeof spawnObedient>): Promise<Refused> {
  const { pid, isAlive, stderr } = await starting
  const isSilent = () => !/Debugger listening|Starting inspector/.test(stderr.text())
  return { pid, isUntouched: () => isAlive() && isSilent() }
}
