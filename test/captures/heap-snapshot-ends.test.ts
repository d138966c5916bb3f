// Snapshots that do not come to their end: slow, stalled and vanished readers, and refusals.
import { readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { captureHeapSnapshot } from '../../src/captures/heap-snapshot.ts'
import { temporaryFolder } from '../proc/temporary-folder.ts'
import { configured, isAsBefore, newTargets, targetOf, until } from '../targets/new-targets.ts'
import { checkSnapshot, collector, inspectorPort, spawnWithHeap } from './heap-snapshots.ts'
import { inspectorRelay } from './inspector-relay.ts'

t.setTimeout(300_000)

const kind = 'heapsnapshot'

/** Linux lets a socket's two buffers grow to some 4 and 6 MB; the relay's own is small. */
const kernelBytes = 16_000_000

t.test('while the reader is busy, the rest of the snapshot stays in the target', async (t) => {
  const spawned = await spawnWithHeap(t, 200_000, { nodeArguments: ['--inspect=0'] })
  const relay = await inspectorRelay(t, await inspectorPort(spawned))
  const targets = newTargets(t, { configured: [configured('relayed', { port: relay.port })] })
  const { write, bytes, sizeBytes } = collector()
  let writing = 0
  let mostWriting = 0
  let aheadBytes = 0
  let writes = 0
  const recording = await captureHeapSnapshot(targets, await targets.resolve('relayed'), {
    kind,
    write: async (chunk) => {
      mostWriting = Math.max(mostWriting, ++writing)
      const before = sizeBytes()
      await sleep(++writes === 2 ? 1500 : 1)
      if (writes === 2) aheadBytes = relay.passedBytes() - before
      write(chunk)
      writing--
    },
  })
  checkSnapshot(t, bytes())
  t.equal(mostWriting, 1, 'one chunk at a time')
  t.ok(recording.bytes > 2 * kernelBytes, `${recording.bytes} bytes`)
  t.ok(aheadBytes < kernelBytes, `${aheadBytes} bytes were under way`)
})

t.test('a capture that is given up lets go, and the target lives on', async (t) => {
  const spawned = await spawnWithHeap(t, 50_000)
  const targets = newTargets(t)
  const giveUp = new AbortController()
  let chunks = 0
  const capture = captureHeapSnapshot(targets, await targetOf(targets, spawned), {
    kind,
    signal: giveUp.signal,
    write: async () => {
      if (++chunks === 3) giveUp.abort()
      await sleep(5)
    },
  })
  await t.rejects(capture, { code: 'capture-aborted' })
  t.equal(chunks, 3, 'nothing is written any more')
  t.ok(await until(() => targets.inspectorsLeftOpen === 0), 'its inspector is closed')
  await isAsBefore(t, spawned)
})

t.test('a capture that is given up while V8 walks the heap leaves no inspector', async (t) => {
  const spawned = await spawnWithHeap(t, 100_000)
  const targets = newTargets(t)
  const giveUp = new AbortController()
  const capture = captureHeapSnapshot(targets, await targetOf(targets, spawned), {
    kind,
    signal: giveUp.signal,
    onProgress: () => giveUp.abort(),
    write: () => void t.fail('no chunk is expected'),
  })
  await t.rejects(capture, { code: 'capture-aborted' })
  t.ok(await until(() => targets.inspectorsLeftOpen === 0, 60_000), 'its inspector is closed')
  await isAsBefore(t, spawned)
})

t.test('a reader that stalls loses the capture', async (t) => {
  const spawned = await spawnWithHeap(t, 0)
  const targets = newTargets(t)
  const target = await targetOf(targets, spawned)
  const write = () => new Promise<void>(() => {})
  await t.rejects(captureHeapSnapshot(targets, target, { kind, write, stallMs: 100 }), {
    code: 'capture-aborted',
    message: "nobody took the heap snapshot for 0.1 s, and it waits in the target's memory",
  })
  await isAsBefore(t, spawned)
})

for (const [manner, write] of [
  [
    'throws',
    () => {
      throw new Error('disk full')
    },
  ],
  ['rejects', () => Promise.reject(new Error('disk full'))],
] as const) {
  t.test(`a reader that ${manner} ends the capture with its reason`, async (t) => {
    const spawned = await spawnWithHeap(t, 0)
    const targets = newTargets(t)
    const target = await targetOf(targets, spawned)
    await t.rejects(captureHeapSnapshot(targets, target, { kind, write }), { message: 'disk full' })
    await isAsBefore(t, spawned)
  })
}

t.test('a target may exit in the middle of a slow reading', async (t) => {
  const spawned = await spawnWithHeap(t, 200_000)
  const targets = newTargets(t)
  let chunks = 0
  const capture = captureHeapSnapshot(targets, await targetOf(targets, spawned), {
    kind,
    write: async () => {
      if (++chunks === 1) spawned.send('process.exit(3)')
      await sleep(500)
    },
  })
  await t.rejects(capture, { code: 'target-vanished', message: /the target is exiting/ })
  t.equal((await spawned.waitForExit(5000)).code, 3)
  t.ok(chunks < 20, `it did not wait for its reader, who has seen ${chunks} chunks`)
})

t.test('a pause above limits.maxPauseMs is refused before it begins, unless forced', async (t) => {
  const spawned = await spawnWithHeap(t, 0)
  const targets = newTargets(t)
  const target = await targetOf(targets, spawned)
  const { write, bytes } = collector()
  const options = { kind, write, maxPauseMs: 100 } as const
  await t.rejects(captureHeapSnapshot(targets, target, options), {
    code: 'pause-too-long',
    message:
      /^a heap snapshot would stop \d+ for about \d+ to \d+ ms, and limits.maxPauseMs is 100; force=1/,
  })
  t.equal(bytes().length, 0)
  await captureHeapSnapshot(targets, target, { ...options, force: true })
  checkSnapshot(t, bytes())
})

t.test('a target without the memory for it is refused, unless forced', async (t) => {
  const spawned = await spawnWithHeap(t, 0)
  const targets = newTargets(t, { procRoot: procWithLittleMemory(t) })
  const target = await targetOf(targets, spawned)
  const { write, bytes } = collector()
  await t.rejects(captureHeapSnapshot(targets, target, { kind, write }), {
    code: 'capture-too-costly',
    message:
      /^a heap snapshot of \d+ \(\d+ to \d+ MB of JSON\) may need \d+ to \d+ MB of the target's own memory, and the machine has 12 MB; force=1 takes/,
  })
  await captureHeapSnapshot(targets, target, { kind, write, force: true })
  checkSnapshot(t, bytes())
  await isAsBefore(t, spawned)
})

/** The real /proc, but for what the machine has left. */
function procWithLittleMemory(t: Parameters<typeof temporaryFolder>[0]): string {
  const root = temporaryFolder(t)
  for (const name of readdirSync('/proc')) {
    if (name !== 'meminfo') symlinkSync(`/proc/${name}`, join(root, name))
  }
  writeFileSync(join(root, 'meminfo'), 'MemTotal: 100000 kB\nMemAvailable:   12000 kB\n')
  return root
}
