import t, { type Test } from 'tap'
import { estimateDeep, readDeep } from '../../src/captures/goroutine-deep.ts'
import type { Entry } from '../../src/captures/goroutine-entry.ts'
import { estimateHeapSnapshot } from '../../src/captures/heap-snapshot-estimate.ts'
import { SuspendedConversion } from '../../src/convert/suspended-conversion.ts'
import type { Target } from '../../src/targets/target.ts'
import type { Targets } from '../../src/targets/targets.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'
import { type SpawnedTarget, spawnTarget } from '../fixtures/support/spawn-target.ts'
import { isAsBefore, newTargets, obey, spawnObedient, targetOf } from '../targets/new-targets.ts'
import { countOf, expectationsOf, holdsInOrder } from './zoo.ts'

const nodeArguments = ['--inspect-port=0']

t.setTimeout(300_000)

const analyse = () => new SuspendedConversion(1e9)

async function deepOf(
  targets: Targets,
  target: Target,
  options: Partial<Parameters<typeof readDeep>[2]> = {},
) {
  const attachment = await targets.attach(target)
  try {
    return await readDeep(targets, attachment, { analyse, ...options })
  } finally {
    await attachment.detach()
  }
}

for (const major of nodeMajors) {
  const { path: node = '', reason } = await nodeBinary(major)
  const skip = reason ?? false

  t.test(`tells who waits for what in Node ${major} and leaves nothing`, { skip }, async (t) => {
    const targets = newTargets(t)
    const spawned = await spawnTarget(t, 'zoo-deep.cjs', { node, nodeArguments })
    const ports = await listeningPorts(spawned.pid)
    const target = await targetOf(targets, spawned)
    const { drafts, cuts, notes, costMs } = await deepOf(targets, target)
    t.strictSame(cuts, [])
    t.ok(costMs > 20 && costMs < 20_000, `${costMs} ms`)
    t.match(notes, [
      /^it stood still for \d+ ms in all; \d+ to \d+ ms were/,
      /probably/,
      /^\d+ of \d+ suspended functions are shown at the line where they/,
    ])
    const entries = drafts.map((draft, id): Entry => ({ id, thread: 'main', ...draft }))
    const { waits } = spawned.ready as unknown as { waits: Record<string, string> }
    for (const { name, kind, stack, count } of expectationsOf(spawned)) {
      const found = entries.filter((entry) => holdsInOrder(entry.stack, stack))
      const seen = JSON.stringify(found.length > 0 ? found : entries)
      t.equal(countOf(found), count, `${name}: ${seen}`)
      t.ok(
        found.every((entry) => entry.kind === kind && entry.state === 'awaiting'),
        seen,
      )
      for (const { waitsFor } of found) t.match(waitsFor, new RegExp(waits[name] ?? '?'), name)
    }
    t.notMatch(JSON.stringify(drafts), /secret/, 'queries and keys are left out')
    await sameGlobals(t, spawned)
    await isAsBefore(t, spawned, ports)
  })
}

async function sameGlobals(t: Test, spawned: SpawnedTarget): Promise<void> {
  const { globals } = spawned.ready as unknown as { globals: readonly string[] }
  spawned.send('')
  const line = await spawned.stdout.waitFor(/^globals /)
  t.strictSame(JSON.parse(line.slice('globals '.length)), globals)
}

t.test('refuses what would stop the target for too long, or take too much memory', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnTarget(t, 'zoo-deep.cjs', { nodeArguments })
  const target = await targetOf(targets, spawned)
  let analyses = 0
  const counted = () => {
    analyses++
    return analyse()
  }
  await t.rejects(deepOf(targets, target, { maxPauseMs: 50, analyse: counted }), {
    code: 'pause-too-long',
    message: /a heap snapshot would stop \d+ for about \d+ to \d+ ms, and limits\.maxPauseMs is 50/,
  })
  t.equal(analyses, 0)
  const { drafts } = await deepOf(targets, target, { maxPauseMs: 50, force: true })
  t.ok(drafts.length > 10)
  await t.rejects(deepOf(targets, target, { analyse: () => new SuspendedConversion(1e6) }), {
    code: 'capture-too-costly',
    message: /limits\.maxRetainedBytes/,
  })
  const estimate = estimateHeapSnapshot(10e6, undefined, 'v20.0.0')
  const deep = estimateDeep(estimate)
  t.equal(deep.pauseMs.to - estimate.pauseMs.to, 280)
  t.equal(deep.targetBytes.to - estimate.targetBytes.to, 10e6)
  await isAsBefore(t, spawned, await listeningPorts(spawned.pid))
})

t.test('bounds what it lists, and says so', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnTarget(t, 'zoo-deep.cjs', { nodeArguments })
  const target = await targetOf(targets, spawned)
  const { drafts, cuts } = await deepOf(targets, target, { maxEntries: 2, maxFrames: 1 })
  t.match(cuts, [{ what: 'suspended functions', shown: 2 }])
  t.strictSame(
    drafts.map(({ stack }) => stack.length),
    [1, 1],
  )
  t.ok(drafts.some(({ elided }) => elided))
})

t.test('given up it leaves the target as it was', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnTarget(t, 'zoo-deep.cjs', { nodeArguments })
  const ports = await listeningPorts(spawned.pid)
  const target = await targetOf(targets, spawned)
  const control = new AbortController()
  const given = () => {
    const analysis = analyse()
    return {
      write: (chunk: Uint8Array) => {
        control.abort()
        return analysis.write(chunk)
      },
      finish: analysis.finish.bind(analysis),
      close: () => analysis.close(),
    }
  }
  await t.rejects(deepOf(targets, target, { analyse: given, signal: control.signal }), {
    code: 'capture-aborted',
  })
  await sameGlobals(t, spawned)
  await isAsBefore(t, spawned, ports)
})

t.test('says that the heaps of workers are not in it', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnObedient(t)
  await obey(
    spawned,
    `new (require('worker_threads').Worker)('setInterval(() => {}, 1e6)', { eval: true })`,
  )
  const { notes } = await deepOf(targets, await targetOf(targets, spawned))
  t.ok(
    notes.some((note) => note.startsWith('without its 1 worker thread:')),
    notes.join('; '),
  )
})

t.test('of a program that never comes back to its event loop, too', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnObedient(t)
  const waiting = 'async function waits() { await new Promise((r) => (globalThis.go = r)) } waits()'
  spawned.send(`${waiting}; while (!globalThis.stop);`)
  const target = await targetOf(targets, spawned)
  const { drafts, notes } = await deepOf(targets, target)
  t.equal(drafts.length, 1, 'nothing of pprofd is among them')
  t.match(drafts, [{ count: 1, stack: [{ function: 'waits' }], waitsFor: 'go' }])
  t.ok(
    notes.some((note) => /promises are awaited is unknown: its event loop did not/.test(note)),
    notes.join('; '),
  )
  t.ok(spawned.isAlive())
})

t.test('of a program whose Promise is not the original one', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnTarget(t, 'odd-globals.cjs', { nodeArguments })
  const { notes } = await deepOf(targets, await targetOf(targets, spawned))
  t.match(notes, [/^it stood still/])
  t.ok(spawned.isAlive())
})
