// The census by a worker thread in the target: as without it, and nothing of it stays.
import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { recordGoroutines } from '../../src/captures/goroutine.ts'
import type { GoroutineRecording } from '../../src/captures/goroutine-entry.ts'
import { withMemoryReader } from '../../src/captures/memory-reader.ts'
import { takeCensus } from '../../src/census/take-census.ts'
import { nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'
import { type SpawnedTarget, spawnTarget } from '../fixtures/support/spawn-target.ts'
import { isAsBefore, newTargets, spawnObedient, targetOf, until } from '../targets/new-targets.ts'

t.setTimeout(180_000)

const nodeArguments = ['--inspect-port=0']
const byWorker = /^its memory was read by a worker thread in it \(worker=1\): \d+ MB in \d+ ms$/

for (const major of nodeMajors) {
  const { path: node = '', reason } = await nodeBinary(major)

  t.test(`Node ${major}: finds the same as without`, { skip: reason ?? false }, async (t) => {
    const targets = newTargets(t)
    const spawned = await spawnTarget(t, 'await-zoo.cjs', { node, nodeArguments })
    const target = await targetOf(targets, spawned)
    const direct = await recordGoroutines(targets, target)
    const recording = await recordGoroutines(targets, target, { worker: true })
    t.match(recording.notes, [byWorker], recording.notes.join('; '))
    t.equal(recording.census, 'exact')
    t.ok(suspendedOf(recording).length > 40)
    t.strictSame(suspendedOf(recording), suspendedOf(direct))
    t.strictSame(leftOf(spawned), [])
    await isAsBefore(t, spawned)
  })
}

t.test('worker threads keep their numbers, and its own is not among them', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnTarget(t, 'zoo-workers.cjs', { nodeArguments })
  const attachment = await targets.attach(await targetOf(targets, spawned))
  const { signal } = new AbortController()
  const { isolates, groups } = await withMemoryReader(targets, attachment, signal, (reader) =>
    // Stopping the target would stop the thread that reads, so it is not.
    takeCensus({ pid: spawned.pid, maxBytes: 2 ** 30, reader, stop: true }),
  )
  await attachment.detach()
  t.strictSame(
    isolates.map(({ thread, number }) => `${thread} ${number}`).sort(),
    ['main 0', 'worker 1', 'worker 2', 'worker 3'],
  )
  const sleeps = groups.filter(({ stack }) => stack.some((f) => f.function === 'workerSleeps'))
  t.strictSame(sleeps.map(({ isolate }) => isolates[isolate]?.number), [1])
})

t.test('a main thread that never comes to rest is read, too', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnTarget(t, 'blocked-one-loop.cjs', { nodeArguments })
  const target = await targetOf(targets, spawned)
  const recording = await recordGoroutines(targets, target, { worker: true })
  t.match(recording.notes[0], byWorker)
  t.ok(await until(() => leftOf(spawned).length === 0))
})

for (const [way, line] of [
  ['process.exit', 'exit 3'],
  ['having nothing left to do', 'end'],
] as const) {
  t.test(`the target exits by ${way} while its memory is read`, async (t) => {
    const targets = newTargets(t)
    const spawned = await spawnTarget(t, 'exits-on-request.cjs', { nodeArguments })
    const attachment = await targets.attach(await targetOf(targets, spawned))
    const { pid } = spawned
    const { signal } = new AbortController()
    const outcome = withMemoryReader(targets, attachment, signal, async (reader) => {
      t.ok(threadsOf(spawned).includes(String(reader.threadId)))
      spawned.send(line)
      await spawned.waitForExit()
      return takeCensus({ pid, maxBytes: 2 ** 30, reader })
    })
    await t.rejects(outcome, { code: 'target-vanished' })
    t.equal((await spawned.waitForExit()).code, way === 'process.exit' ? 3 : 0)
    await attachment.detach()
    t.strictSame(foldersLeft(), foldersBefore)
  })

  t.test(`and afterwards at once by ${way}`, async (t) => {
    const targets = newTargets(t)
    const spawned = await spawnTarget(t, 'exits-on-request.cjs', { nodeArguments })
    const target = await targetOf(targets, spawned)
    await recordGoroutines(targets, target, { worker: true })
    t.strictSame(leftOf(spawned), [])
    spawned.send(line)
    t.equal((await spawned.waitForExit()).code, way === 'process.exit' ? 3 : 0)
  })
}

t.test('given up in the middle, it leaves nothing behind', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnTarget(t, 'await-zoo.cjs', { nodeArguments })
  const target = await targetOf(targets, spawned)
  const control = new AbortController()
  const recording = recordGoroutines(targets, target, { worker: true, signal: control.signal })
  recording.catch(() => {})
  const before = threadsOf(spawned).length
  t.ok(await until(() => threadsOf(spawned).length > before + 1 && leftOf(spawned).length <= 1))
  control.abort()
  await t.rejects(recording, { code: 'capture-aborted' })
  t.strictSame(leftOf(spawned), [])
  await isAsBefore(t, spawned)
})

t.test('a thread that cannot be started, or ends at once, is told with the reason', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnObedient(t)
  const target = await targetOf(targets, spawned)
  for (const [worker, reason] of [
    ["class { constructor() { throw new Error('no threads here') } }", /Error: no threads here/],
    [
      "class extends Worker { constructor(_, options) { super('throw new Error(`no`)', options) } }",
      /: Error: no$/,
    ],
    ["class extends Worker { constructor(_, options) { super('', options) } }", /: it ended$/],
  ] as const) {
    const module = "require('node:worker_threads')"
    spawned.send(
      `const w = ${module}; const { Worker } = w; w.was ??= Worker; w.Worker = ${worker}`,
    )
    const { notes, census } = await recordGoroutines(targets, target, { worker: true })
    t.match(notes[0], /^no census: no worker thread in the target could read its memory: /)
    t.match(notes[0], reason)
    // As where the kernel refuses: this stops it for a moment.
    t.equal(census, 'promises')
    spawned.send(`const w = ${module}; w.Worker = w.was`)
  }
  t.strictSame(leftOf(spawned), [])
})

t.test('a process that cannot be attached to has no such thread', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnTarget(t, 'own-sigusr1-handler.cjs', { nodeArguments })
  const target = await targetOf(targets, spawned)
  const { notes } = await recordGoroutines(targets, target, { worker: true }).catch((error) => {
    t.equal(error.code, 'attach-failed')
    return { notes: [] }
  })
  if (notes.length > 0) t.match(notes, [/./, 'no census: worker=1 takes an inspector'])
})

/** `kind state thread count: stack`, of what the memory tells. */
function suspendedOf({ entries }: GoroutineRecording): readonly string[] {
  return entries
    .filter(({ kind }) => /^(async-)?(function|generator)$/.test(kind))
    .map(({ kind, state, thread, count, stack }) =>
      [kind, state, thread, count, JSON.stringify(stack)].join(' '),
    )
    .sort()
}

function threadsOf({ pid }: SpawnedTarget): readonly string[] {
  return readdirSync(`/proc/${pid}/task`)
}

const foldersLeft = () => readdirSync('/tmp').filter((name) => /^pprofd-.{6}$/.test(name))
const foldersBefore = foldersLeft()

/** Its name is that of the thread from Node 24 on; before, only the number tells. */
function leftOf(spawned: SpawnedTarget): readonly string[] {
  const names = threadsOf(spawned).map((tid) =>
    readFileSync(`/proc/${spawned.pid}/task/${tid}/comm`, 'utf8').trim(),
  )
  const folders = foldersLeft().filter((name) => !foldersBefore.includes(name))
  return [...names.filter((name) => name === 'pprofd'), ...folders]
}
