import t from 'tap'
import { captureHeapSnapshot } from '../../src/captures/heap-snapshot.ts'
import { nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'
import { configured, isAsBefore, newTargets, obey, targetOf } from '../targets/new-targets.ts'
import { checkSnapshot, collector, inspectorPort, marker, spawnWithHeap } from './heap-snapshots.ts'
import { inspectorRelay } from './inspector-relay.ts'

t.setTimeout(300_000)

for (const major of nodeMajors) {
  const { path: node = '', reason } = await nodeBinary(major)
  const skip = reason ?? false
  t.test(`the bytes are those that Node ${major} wrote`, { skip }, async (t) => {
    const spawned = await spawnWithHeap(t, 20_000, { node, nodeArguments: ['--inspect=0'] })
    const relay = await inspectorRelay(t, await inspectorPort(spawned))
    const targets = newTargets(t, { configured: [configured('relayed', { port: relay.port })] })
    const { write, bytes } = collector()
    const starts: unknown[] = []
    const recording = await captureHeapSnapshot(targets, await targets.resolve('relayed'), {
      kind: 'heapsnapshot',
      write,
      onStart: (start) => starts.push(start),
    })
    t.ok(bytes().equals(relay.chunks()), 'identical')
    const { snapshot, strings } = checkSnapshot(t, bytes())
    t.ok(snapshot.node_count > 60_000)
    t.ok(strings.includes(marker))

    const { estimate, pauseMs } = recording
    t.equal(recording.bytes, bytes().length)
    t.match(recording, { target: { nodeVersion: `v${major}.` }, openedInspector: false })
    t.ok(estimate.snapshotBytes.from < recording.bytes)
    t.ok(estimate.snapshotBytes.to > recording.bytes)
    t.ok(pauseMs > 10, `${pauseMs} ms of pause`)
    t.strictSame(starts, [{ ...recording, bytes: undefined, pauseMs: undefined }].map(known))
  })

  t.test(`leaves Node ${major} as it was`, { skip }, async (t) => {
    const spawned = await spawnWithHeap(t, 1000, { node })
    const targets = newTargets(t)
    const { write, bytes } = collector()
    const phases: string[] = []
    const recording = await captureHeapSnapshot(targets, await targetOf(targets, spawned), {
      kind: 'retained',
      write,
      onPhase: (phase) => phases.push(phase),
    })
    checkSnapshot(t, bytes())
    t.equal(recording.openedInspector, true)
    t.match(recording.estimate.headroom, { bytes: Number, of: /^(cgroup|host)$/ })
    t.strictSame(phases, ['attaching', 'recording', 'detaching'])
    await isAsBefore(t, spawned)
  })
}

t.test('takes the snapshot of a worker thread', async (t) => {
  const spawned = await spawnWithHeap(t, 0)
  const code = 'globalThis.own = "only " + "in the worker"; setInterval(() => {}, 1000)'
  const name = JSON.stringify({ eval: true, name: 'pool' })
  const started = `new (require('worker_threads').Worker)(${JSON.stringify(code)}, ${name})`
  await obey(spawned, `${started}.once('online', () => console.log('online'))`)
  // Before it has begun, its inspector is not there.
  await spawned.stdout.waitForLine((line) => line === 'online', 'that the worker runs', 10_000)
  const targets = newTargets(t)
  const target = await targetOf(targets, spawned)
  const { write, bytes } = collector()
  const options = { kind: 'heapsnapshot', write } as const
  const recording = await captureHeapSnapshot(targets, target, { ...options, thread: 'pool#1' })
  const { strings } = checkSnapshot(t, bytes())
  t.ok(strings.includes('only in the worker') || strings.includes('in the worker'))
  t.notOk(strings.includes(marker), 'the main heap is another one')
  t.ok(recording.pauseMs > 0)
  await t.rejects(captureHeapSnapshot(targets, target, { ...options, thread: 'pool#2' }), {
    code: 'parameter-invalid',
    message: 'thread must be one of main, pool#1, not "pool#2"',
  })
  await isAsBefore(t, spawned)
})

function known(object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))
}
