import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { recordGoroutines } from '../../src/captures/goroutine.ts'
import { nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { temporaryFolder } from '../proc/temporary-folder.ts'
import { newTargets, targetOf } from '../targets/new-targets.ts'
import { assertSeen, expectationsOf } from './zoo.ts'

const nodeArguments = ['--inspect-port=0']

t.setTimeout(600_000)

const inJavaScript = [
  { how: 'loop', functions: ['spinsForEver', 'startsIt', 'awaitsIt'] },
  { how: 'atomics', functions: ['Atomics.wait', 'waitsForEver', 'startsIt', 'awaitsIt'] },
  { how: 'regexp', functions: ['RegExp.test', 'matchesForEver', 'startsIt', 'awaitsIt'] },
]

const inNativeCode = [
  { how: 'fifo', waitsFor: /^(openat|read)\b/ },
  { how: 'exec', waitsFor: /^epoll_p?wait.*; child \d+ sleep 1000$/ },
]

for (const major of nodeMajors) {
  const { path: node = '', reason } = await nodeBinary(major)
  const skip = reason ?? false

  for (const { how, functions } of inJavaScript) {
    t.test(`shows where Node ${major} is blocked: ${how}`, { skip }, async (t) => {
      const targets = newTargets(t)
      const options = { node, nodeArguments, programArguments: [how] }
      const spawned = await spawnTarget(t, 'zoo-blocked.cjs', options)
      await sleep(500)
      const target = await targetOf(targets, spawned)
      const { entries } = await recordGoroutines(targets, target)
      const [running] = entries
      t.match(running, { kind: 'running', state: 'running', thread: 'main', count: 1 })
      t.strictSame(
        running?.stack.map((frame) => frame.function),
        functions,
      )
      t.equal(running?.stack.at(-1)?.isAsync, true, 'the last one awaits it')
      t.ok(spawned.isAlive())
    })
  }

  // What the kernel says does not depend on Node: the first and the last version.
  for (const { how, waitsFor } of major === 18 || major === 26 ? inNativeCode : []) {
    t.test(`asks the kernel about a Node ${major} in native code: ${how}`, { skip }, async (t) => {
      const targets = newTargets(t)
      const fifo = `${temporaryFolder(t)}/fifo`
      execFileSync('mkfifo', [fifo])
      const options = { node, nodeArguments, programArguments: [how, fifo] }
      const spawned = await spawnTarget(t, 'zoo-blocked.cjs', options)
      await sleep(500)
      const target = await targetOf(targets, spawned)
      const { entries, notes } = await recordGoroutines(targets, target)
      t.match(entries, [{ id: 1, thread: 'main', state: 'blocked in native code', waitsFor }])
      t.match(notes, [/so only its memory and the kernel were asked/])
      t.ok(spawned.isAlive())
      const child = /child (\d+)/.exec(entries[0]?.waitsFor ?? '')?.[1]
      if (child !== undefined) process.kill(Number(child), 'SIGKILL')
    })
  }

  t.test(`lists the worker threads of Node ${major}`, { skip }, async (t) => {
    const targets = newTargets(t)
    const fifo = `${temporaryFolder(t)}/fifo`
    execFileSync('mkfifo', [fifo])
    const options = { node, nodeArguments, programArguments: [fifo] }
    const spawned = await spawnTarget(t, 'zoo-workers.cjs', options)
    const target = await targetOf(targets, spawned)
    const recording = await recordGoroutines(targets, target)
    assertSeen(t, recording, expectationsOf(spawned))
    const threads = [...new Set(recording.entries.map(({ thread }) => thread))]
    t.strictSame(threads, ['main', 'sleeper#1', 'spinner#2', 'waiter#3', 'reader#4'])
    const workers = recording.entries.filter(({ kind }) => kind === 'worker')
    t.strictSame(
      workers.map(({ thread, waitsFor }) => [thread, waitsFor]),
      threads.slice(1).map((name) => ['main', name]),
    )
    const reader = recording.entries.find(({ thread }) => thread === 'reader#4')
    t.match(reader, {
      kind: 'running',
      state: 'blocked in native code',
      waitsFor: /^(openat|read)/,
    })
    const main = await recordGoroutines(targets, target, { mainThreadOnly: true })
    t.ok(main.entries.every(({ thread, kind }) => thread === 'main' && kind !== 'worker'))
  })
}

t.test('tells what the memory tells of a process that handles SIGUSR1 itself', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnTarget(t, 'own-sigusr1-handler.cjs', { nodeArguments })
  const target = await targetOf(targets, spawned)
  const { entries, notes, census, targetCostMs } = await recordGoroutines(targets, target)
  t.equal(census, 'exact')
  t.ok(
    entries.every(({ kind }) => kind !== 'running'),
    'nothing says that it is blocked',
  )
  t.match(notes, [/^only its memory was asked: process \d+ opened no inspector/])
  t.equal(targetCostMs, 0)
  await t.rejects(recordGoroutines(targets, target, { maxBytes: 1 }), { code: 'attach-failed' })
})

t.test('a process that SIGUSR1 would kill is asked by way of its memory only', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnTarget(t, 'sigusr1-removed.cjs', { nodeArguments })
  const target = await targetOf(targets, spawned)
  const { census, notes } = await recordGoroutines(targets, target)
  t.equal(census, 'exact')
  t.match(notes, [/^only its memory and the kernel were asked, so .*SIGUSR1/])
  t.ok(spawned.isAlive())
})
