import { execFileSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import t from 'tap'
import { recordGoroutines } from '../../src/captures/goroutine.ts'
import type { Entry } from '../../src/captures/goroutine-entry.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { temporaryFolder } from '../proc/temporary-folder.ts'
import { isAsBefore, newTargets, targetOf } from '../targets/new-targets.ts'
import { assertSeen, expectationsOf, holdsInOrder } from './zoo.ts'

const nodeArguments = ['--inspect-port=0']

t.setTimeout(300_000)

for (const major of nodeMajors) {
  const { path: node = '', reason } = await nodeBinary(major)
  const skip = reason ?? false

  t.test(
    `lists the resources that Node ${major} waits for and leaves nothing`,
    { skip },
    async (t) => {
      const targets = newTargets(t)
      const fifo = `${temporaryFolder(t)}/fifo`
      execFileSync('mkfifo', [fifo])
      const options = { node, nodeArguments, programArguments: [fifo] }
      const spawned = await spawnTarget(t, 'zoo-resources.cjs', options)
      const ports = await listeningPorts(spawned.pid)
      const phases: string[] = []
      const recording = await recordGoroutines(targets, await targetOf(targets, spawned), {
        onPhase: (phase) => phases.push(phase),
        // On a machine that is busy with other tests the usual 5 ms may be over at once.
        budgetMs: 500,
      })
      const { entries, cuts, notes, census, targetCostMs, takenAtMs, target } = recording
      t.strictSame({ cuts, notes, census }, { cuts: [], notes: [], census: 'exact' })
      t.ok(targetCostMs > 0 && targetCostMs < 1000, `${targetCostMs} ms`)
      t.ok(Math.abs(takenAtMs - Date.now()) < 60_000)
      t.match(target, { pid: spawned.pid, name: 'zoo-resources.cjs' })
      t.match(target.nodeVersion, new RegExp(`^v${major}\\.`))
      t.strictSame(phases, ['attaching', 'recording', 'stopping', 'detaching'])
      const expected = expectationsOf(spawned)
      t.ok(expected.length >= 15, `${expected.length} expectations`)
      assertSeen(t, recording, expected)
      t.strictSame(
        entries.map(({ id }) => id),
        entries.map((_, index) => index + 1),
      )
      t.match(entries[0], { thread: 'main', kind: 'running', state: 'idle', stack: [] })
      const { port } = spawned.ready
      const waits = entries.map(({ kind, state, waitsFor }) => `${kind} ${state} ${waitsFor}`)
      for (const wait of [
        `http-client-request waiting-response GET http://127.0.0.1:${port}/slow`,
        `http-client-request waiting-response POST http://127.0.0.1:${port}/upload`,
        'http-server-request handler-pending GET /slow',
        'http-server-request handler-pending GET /fetched',
        'http-server-request reading-body POST /upload',
        `fetch waiting-response GET http://127.0.0.1:${port}/fetched`,
        `server listening 127.0.0.1:${port}, 3 connections`,
      ]) {
        t.ok(waits.includes(wait), `${wait} is among ${waits.join('; ')}`)
      }
      t.ok(waits.some((wait) => /^child-process running pid \d+: cat -$/.test(wait)))
      t.ok(waits.some((wait) => /^message-port open/.test(wait)))
      t.notOk(
        waits.some((wait) => wait.includes('secret')),
        'queries are left out',
      )
      const timer = entries.find(({ stack }) => stack[0]?.function === 'sleeps') as Entry
      t.match(timer.waitsFor, /^timer, fires in 99\d{4}( to 99\d{4})? ms$/)
      t.ok((timer.wait?.minMs ?? 0) >= 300 && (timer.wait?.maxMs ?? 0) < 60_000)
      await isAsBefore(t, spawned, ports)
      closeSync(openSync(fifo, 'r+'))
    },
  )

  t.test(`counts every suspended function of Node ${major}, exactly`, { skip }, async (t) => {
    const targets = newTargets(t)
    const spawned = await spawnTarget(t, 'zoo-awaits.cjs', { node, nodeArguments })
    const target = await targetOf(targets, spawned)
    const recording = await recordGoroutines(targets, target, { budgetMs: 500 })
    const { entries, cuts, notes, census } = recording
    t.strictSame({ cuts, notes, census }, { cuts: [], notes: [], census: 'exact' })
    const expected = expectationsOf(spawned)
    assertSeen(t, recording, expected)
    const unexpected = entries.filter(
      ({ kind, stack }) =>
        kind.startsWith('async-') && !expected.some((each) => holdsInOrder(stack, each.stack)),
    )
    t.strictSame(unexpected, [], 'and nothing else')
    await isAsBefore(t, spawned)
  })

  t.test(`lists what the workers of Node ${major} wait for`, { skip }, async (t) => {
    const targets = newTargets(t)
    const spawned = await spawnTarget(t, 'zoo-workers.cjs', { node, nodeArguments })
    const target = await targetOf(targets, spawned)
    const recording = await recordGoroutines(targets, target, { budgetMs: 500 })
    t.equal(recording.census, 'exact', recording.notes.join('; '))
    assertSeen(t, recording, expectationsOf(spawned))
    const threads = new Set(recording.entries.map(({ thread }) => thread))
    t.notMatch([...threads].join(' '), /unknown/)
    await isAsBefore(t, spawned)
  })

  t.test(`lists what an ES module of Node ${major} waits for`, { skip }, async (t) => {
    const targets = newTargets(t)
    const spawned = await spawnTarget(t, 'zoo-modules.mjs', { node, nodeArguments })
    const target = await targetOf(targets, spawned)
    const recording = await recordGoroutines(targets, target, { budgetMs: 500 })
    t.strictSame([recording.cuts, recording.notes, recording.census], [[], [], 'exact'])
    assertSeen(t, recording, expectationsOf(spawned))
    const files = recording.entries.flatMap(({ stack }) => stack.map(({ url }) => url))
    t.ok(
      files.some((url) => /^file:\/\/\/.*zoo-modules\.mjs$/.test(url)),
      files.join(' '),
    )
    await isAsBefore(t, spawned)
  })
}
