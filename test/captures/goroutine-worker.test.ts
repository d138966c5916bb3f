// The census by a worker thread in the target: as without it, and nothing of it stays.
import { readdirSync, readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { recordGoroutines } from '../../src/captures/goroutine.ts'
import type { Frame } from '../../src/captures/goroutine-entry.ts'
import { withMemoryReader } from '../../src/captures/memory-reader.ts'
import { takeCensus } from '../../src/census/take-census.ts'
import { WorkerMemory } from '../../src/census/worker-memory.ts'
import { nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'
import { type SpawnedTarget, spawnTarget } from '../fixtures/support/spawn-target.ts'
import { isAsBefore, newTargets, spawnObedient, targetOf, until } from '../targets/new-targets.ts'

t.setTimeout(180_000)

const nodeArguments = ['--inspect-port=0']
const byWorker = /^its memory was read by a worker thread in it \(worker=1\): \d+ MB in \d+ ms$/

for (const major of nodeMajors) {
  const { path: node = '', reason } = await nodeBinary(major)

  t.test(`Node ${major}: finds what V8 tells there`, { skip: reason ?? false }, async (t) => {
    const targets = newTargets(t)
    const spawned = await spawnTarget(t, 'await-zoo.cjs', { node, nodeArguments })
    const target = await targetOf(targets, spawned)
    const { notes, census, entries } = await recordGoroutines(targets, target, { worker: true })
    t.match(notes, [byWorker], notes.join('; '))
    t.equal(census, 'exact')
    const leaves = entries.filter(({ stack }) => stack[0]?.function === 'leaf')
    t.ok(leaves.every(({ thread, count }) => thread === 'main' && count === 1))
    t.strictSame(leaves.map(({ stack }) => linesOf(stack)).sort(), expectedOf(spawned))
    const others = entries.filter(({ kind }) => /generator$/.test(kind))
    t.strictSame(others.map(({ kind, state }) => `${kind} ${state}`).sort(), [
      'async-generator not started',
      'async-generator yielded',
      'generator not started',
      'generator yielded',
    ])
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
  t.strictSame(isolates.map(({ thread, number }) => `${thread} ${number}`).sort(), [
    'main 0',
    'worker 1',
    'worker 2',
    'worker 3',
  ])
  const sleeps = groups.filter(({ stack }) => stack.some((f) => f.function === 'workerSleeps'))
  t.strictSame(
    sleeps.map(({ isolate }) => isolates[isolate]?.number),
    [1],
  )
})

t.test('a main thread that never comes to rest can have such a thread, too', async (t) => {
  const spawned = await spawnTarget(t, 'blocked-one-loop.cjs', { nodeArguments })
  await withReader(t, spawned, async (memory, mapping) => {
    t.equal(memory.read(Buffer.alloc(4096), mapping), 4096)
  })
  t.ok(await until(() => leftOf(spawned).length === 0))
})

t.test('reads what is mapped, and zeros beside it', async (t) => {
  const spawned = await spawnTarget(t, 'idle.cjs', { nodeArguments })
  await withReader(t, spawned, async (memory, mapping) => {
    const [through, direct] = [Buffer.alloc(200_000, 1), Buffer.alloc(200_000)]
    // The program's own file begins there, with nothing before it.
    t.equal(memory.read(through, mapping - 4096), through.length)
    const file = await open(`/proc/${spawned.pid}/mem`)
    await file.read(direct, 4096, direct.length - 4096, mapping)
    await file.close()
    t.equal(direct.toString('latin1', 4097, 4100), 'ELF')
    t.ok(through.equals(direct))
    for (const nowhere of [-8, 2 ** 47, 2 ** 64, Number.NaN]) {
      t.equal(memory.read(Buffer.alloc(8), nowhere), 0)
    }
    t.match(memory.syscallOf(spawned.pid), /^(running|\d+ 0x)/)
    t.equal(memory.syscallOf(1), '')
  })
})

for (const [way, line, expected] of [
  ['process.exit', 'exit 3', 3],
  ['having nothing left to do', 'end', 0],
] as const) {
  t.test(`the target exits by ${way} while its memory is read`, async (t) => {
    const spawned = await spawnTarget(t, 'exits-on-request.cjs', { nodeArguments })
    await withReader(t, spawned, async (memory, mapping) => {
      memory.read(Buffer.alloc(8), mapping)
      spawned.send(line)
      t.equal((await spawned.waitForExit()).code, expected)
      const ended = { code: 'recording-invalid', message: /that reads its memory has ended$/ }
      t.throws(() => memory.read(Buffer.alloc(8), mapping), ended)
      t.throws(() => memory.syscallOf(spawned.pid), ended)
    })
    t.strictSame(foldersOf(spawned), [])
  })

  t.test(`and afterwards at once by ${way}`, async (t) => {
    const spawned = await spawnTarget(t, 'exits-on-request.cjs', { nodeArguments })
    await withReader(t, spawned, async () => {})
    t.strictSame(leftOf(spawned), [])
    spawned.send(line)
    t.equal((await spawned.waitForExit()).code, expected)
  })
}

t.test('given up in the middle, it leaves nothing behind', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnTarget(t, 'await-zoo.cjs', { nodeArguments })
  const target = await targetOf(targets, spawned)
  const control = new AbortController()
  const before = threadsOf(spawned).length
  const recording = recordGoroutines(targets, target, { worker: true, signal: control.signal })
  const rejected = t.rejects(recording, { code: 'capture-aborted' })
  // Its own and that of the inspector.
  const isThere = () => threadsOf(spawned).length === before + 2 && foldersOf(spawned).length === 0
  t.ok(await until(isThere))
  control.abort()
  await rejected
  t.ok(threadsOf(spawned).length < before + 2)
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
  const options = { nodeArguments, programArguments: ['exec'] }
  const spawned = await spawnTarget(t, 'zoo-blocked.cjs', options)
  await delay(500)
  const target = await targetOf(targets, spawned)
  const { notes, census } = await recordGoroutines(targets, target, { worker: true })
  t.match(notes, [/does not answer/, 'no census: worker=1 takes an inspector'])
  t.equal(census, 'none')
})

/** `mapping`: where its executable is mapped. */
async function withReader(
  t: Test,
  spawned: SpawnedTarget,
  work: (memory: WorkerMemory, mapping: number) => Promise<void>,
): Promise<void> {
  const targets = newTargets(t)
  const attachment = await targets.attach(await targetOf(targets, spawned))
  const { signal } = new AbortController()
  const [begin] = readFileSync(`/proc/${spawned.pid}/maps`, 'utf8').split('-', 1)
  try {
    await withMemoryReader(targets, attachment, signal, (reader) => {
      t.ok(threadsOf(spawned).includes(String(reader.threadId)))
      t.strictSame(foldersOf(spawned), [], 'the folder has gone by now')
      const memory = new WorkerMemory(reader, spawned.pid, '/proc')
      return work(memory, Number.parseInt(begin ?? '', 16))
    })
  } finally {
    await attachment.detach()
  }
}

/** What V8 shows in another place, or not any more: the await that closes a loop, at what left it. */
const otherwise: Readonly<Record<string, string>> = {
  forAwaitClose: '12 123',
  returned: '12 160',
}

function expectedOf({ ready }: SpawnedTarget): readonly string[] {
  const { stacks } = ready as unknown as { stacks: Record<string, readonly string[]> }
  return Object.entries(stacks)
    .map(([name, frames]) => {
      const lines = frames.flatMap((frame) => /(\d+):\d+$/.exec(frame)?.[1] ?? [])
      return otherwise[name] ?? ['12', ...lines].join(' ')
    })
    .sort()
}

/** Without combinators, which are in no line. */
function linesOf(stack: readonly Frame[]): string {
  return stack.flatMap(({ line }) => (line === 0 ? [] : line)).join(' ')
}

function threadsOf({ pid }: SpawnedTarget): readonly string[] {
  return readdirSync(`/proc/${pid}/task`)
}

function foldersOf({ pid }: SpawnedTarget): readonly string[] {
  return readdirSync('/tmp').filter((name) => name.startsWith(`pprofd-${pid}-`))
}

/** From Node 24 on the thread has the worker's name. */
function leftOf(spawned: SpawnedTarget): readonly string[] {
  const names = threadsOf(spawned).map((tid) =>
    readFileSync(`/proc/${spawned.pid}/task/${tid}/comm`, 'utf8').trim(),
  )
  return [...names.filter((name) => name === 'pprofd'), ...foldersOf(spawned)]
}
