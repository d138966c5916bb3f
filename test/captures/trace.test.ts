import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { recordTrace } from '../../src/captures/trace.ts'
import { defaultTraceCategories, readTraceCategories } from '../../src/captures/trace-categories.ts'
import type { CheckedTrace } from '../fixtures/support/check-trace.ts'
import { nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'
import type { SpawnedTarget } from '../fixtures/support/spawn-target.ts'
import {
  isAsBefore as isAsBeforeOn,
  newTargets,
  obey,
  spawnObedient,
  targetOf,
} from '../targets/new-targets.ts'
import { spawnTraced, traceOf } from './traced.ts'

t.setTimeout(300_000)

for (const major of nodeMajors) {
  const { path: node, reason } = await nodeBinary(major)
  t.test(`traces what a process does on Node ${major}`, { skip: reason ?? false }, async (t) => {
    const spawned = await spawnTraced(t, node === undefined ? {} : { node })
    const targets = newTargets(t)
    const { trace, recording } = await traceOf(targets, spawned, {
      durationMs: 1200,
      windowMs: 400,
      force: true,
      categories: [...defaultTraceCategories, 'node.http', 'node.environment', 'node.fs.async'],
    })
    t.ok(recording.windowCount >= 2)
    t.strictSame(recording.missing, [])
    t.equal(recording.untraced, undefined)
    hasStacks(t, trace, spawned.pid)
    t.notOk(
      trace.slices.some(({ args }) => /^(pprofd|\(eval)/.test(String(args?.at))),
      'nothing of ours',
    )
    for (const [cat, name, minMs] of operations) {
      const found = trace.asyncSlices.filter((slice) => slice.cat === cat && slice.name === name)
      t.ok(found.length > 0, `${cat} ${name}`)
      t.ok(
        found.some(({ ts, endTs }) => endTs - ts >= minMs * 1000),
        `${name} has its length`,
      )
    }
    const turns = trace.asyncSlices.filter(
      ({ cat, tid }) => cat === 'event loop' && tid === spawned.pid,
    )
    t.ok(
      turns.some(({ ts, endTs }) => endTs - ts > 40_000 && endTs - ts < 400_000),
      'the turn that blocks the loop',
    )
    isOnOneClock(t, trace)
    await isAsBefore(t, spawned)
  })
}

function isAsBefore(t: Test, spawned: SpawnedTarget): Promise<void> {
  const { port } = spawned.ready
  return isAsBeforeOn(t, spawned, port === undefined ? [] : [port])
}

const operations = [
  ['node.http', 'http.server.request', 35],
  ['node.http', 'http.client.request', 35],
  ['node.dns.native', 'lookup', 0],
  ['node.fs.async', 'read', 0],
] as const

function hasStacks(t: Test, trace: CheckedTrace, pid: number): void {
  const calls = trace.slices.filter(({ tid, name }) => tid === pid && isOutermost(name))
  t.ok(calls.length >= 3, `${calls.length} calls in 1.2 s`)
  t.ok(
    calls.every(({ path }) => path.at(-2)?.includes('traced.(anonymous:')),
    'under their caller',
  )
  t.ok(
    calls.some(({ ts, endTs }) => endTs - ts > 30_000),
    'samples of one call are one slice',
  )
  // V8 may have lost `middle` in what it has compiled together.
  const innermost = trace.slices.filter(({ tid, name }) => tid === pid && /innermost$/.test(name))
  t.ok(innermost.some(({ path }) => path.some(isOutermost)))
  t.match(calls[0]?.args, { at: /test\/fixtures\/targets\/traced\.cjs:\d+$/ })
}

function isOutermost(name: string): boolean {
  return name.endsWith('traced.outermost')
}

/** Samples are timed by V8, events by Node. */
function isOnOneClock(t: Test, trace: CheckedTrace): void {
  const middleOf = (slices: readonly { readonly ts: number }[]) =>
    slices.map(({ ts }) => ts).sort((a, b) => a - b)[slices.length >> 1] ?? 0
  const apartUs = Math.abs(middleOf(trace.slices) - middleOf(trace.asyncSlices))
  t.ok(apartUs < 1_000_000, `the middle of both is ${apartUs} us apart`)
}

t.test('a slice goes on over the seams of windows, also while the loop is blocked', async (t) => {
  const spawned = await spawnObedient(t)
  const targets = newTargets(t)
  const block = `function holds() { const end = Date.now() + 1500; while (Date.now() < end) Array.from([1], (one) => { for (let i = 0; i < 1e4; i++) one += i % 7; return one }) } setTimeout(holds, 150)`
  const { trace, recording } = await traceOf(targets, spawned, {
    durationMs: 2000,
    windowMs: 300,
    onPhase: (phase) => {
      if (phase === 'recording') spawned.send(block)
    },
  })
  t.ok(recording.windowCount >= 5)
  const held = trace.slices.filter(({ name }) => name.endsWith('.holds'))
  t.equal(held.length, 1, 'one slice, though it was recorded in pieces')
  const [{ ts = 0, endTs = 0 } = {}] = held
  t.ok(endTs - ts > 1_200_000 && endTs - ts < 1_800_000, `${endTs - ts} us`)
  const turns = trace.asyncSlices.filter(({ name, tid }) => name === 'turn' && tid === spawned.pid)
  t.ok(
    turns.some((turn) => turn.endTs - turn.ts > 1_200_000),
    'one turn of the loop',
  )
  await isAsBefore(t, spawned)
})

t.test('given up in the middle, the target is as before', async (t) => {
  const spawned = await spawnTraced(t)
  const targets = newTargets(t)
  const abort = new AbortController()
  const tracing = recordTrace(targets, await targetOf(targets, spawned), {
    durationMs: 60_000,
    windowMs: 200,
    hz: 100,
    force: true,
    categories: readTraceCategories('v8,node.environment', 'categories'),
    signal: abort.signal,
    onStart: () => {},
    write: () => abort.abort(),
  })
  await t.rejects(tracing, { code: 'capture-aborted' })
  await isAsBefore(t, spawned)
})

t.test('a reader that takes nothing does not keep the target recording', async (t) => {
  const spawned = await spawnObedient(t)
  const targets = newTargets(t)
  const tracing = traceOf(targets, spawned, {
    durationMs: 60_000,
    windowMs: 100,
    stallMs: 300,
    write: () => new Promise(() => {}),
  })
  await t.rejects(tracing, { code: 'capture-aborted', message: /nobody took the trace for 0.3 s/ })
  await isAsBefore(t, spawned)
})

t.test('two traces at once leave each other alone', async (t) => {
  const spawned = await spawnTraced(t)
  const targets = newTargets(t)
  const [short, long] = await Promise.all([
    traceOf(targets, spawned, { durationMs: 600, windowMs: 200, force: true }),
    sleep(200).then(() =>
      traceOf(targets, spawned, { durationMs: 1500, windowMs: 250, force: true }),
    ),
  ])
  for (const { trace } of [short, long]) hasStacksAtAll(t, trace, spawned.pid)
  const requests = long.trace.asyncSlices.filter(({ name }) => name === 'http.server.request')
  const ends = requests.map(({ endTs }) => endTs)
  t.ok(Math.max(...ends) - Math.min(...ends) > 800_000, 'it goes on when the other one has ended')
  await isAsBefore(t, spawned)
})

function hasStacksAtAll(t: Test, trace: CheckedTrace, pid: number): void {
  t.ok(trace.slices.some(({ tid, name }) => tid === pid && isOutermost(name)))
}

t.test(
  'where worker threads are, or start, there are stacks only unless it is forced',
  async (t) => {
    const targets = newTargets(t)
    const withWorker = await spawnTraced(t, { programArguments: ['worker'] })
    const traced = await traceOf(targets, withWorker, { durationMs: 800, windowMs: 400 })
    const worker = traced.trace.tidOf('pool#1') ?? 0
    t.ok(worker > withWorker.pid && worker < 10_000_000, 'its own kernel id')
    const inWorker = traced.trace.slices.filter(({ tid }) => tid === worker)
    t.ok(inWorker.some(({ name }) => name.endsWith('outermost')))
    t.match(traced.recording.untraced, /^stacks only: Node may crash/)
    t.strictSame(new Set(traced.trace.asyncSlices.map(({ cat }) => cat)), new Set(['event loop']))
    const spawned = await spawnObedient(t)
    const { recording } = await traceOf(targets, spawned, {
      durationMs: 1000,
      onPhase: (phase) => {
        const code = 'setInterval(() => {}, 1000)'
        const start = `new (require('worker_threads').Worker)('${code}', { eval: true })`
        if (phase === 'recording') spawned.send(start)
      },
    })
    t.equal(recording.untraced, undefined)
    t.match(recording.tracingEnded, /^a worker thread started/)
    await isAsBefore(t, spawned)
  },
)

t.test('events that come too fast are ended, and the target lives', async (t) => {
  const spawned = await spawnObedient(t)
  const targets = newTargets(t)
  await obey(spawned, 'setImmediate(function again() { setImmediate(again) })')
  const categories = readTraceCategories('node.environment', 'categories')
  await t.rejects(traceOf(targets, spawned, { categories }), {
    code: 'capture-too-costly',
    message: /^node\.environment may come so often .* force=1/,
  })
  t.equal(spawned.stderr.text(), '')
  const { trace, recording } = await traceOf(targets, spawned, { categories, force: true })
  t.match(recording.tracingEnded, /^too many events/)
  t.match(trace.metadata('pprofd_cost'), [{ tracingEnded: /^too many events/ }])
  await isAsBefore(t, spawned)
})

t.test('endEarly keeps what was recorded; without categories there are stacks only', async (t) => {
  const spawned = await spawnTraced(t)
  const targets = newTargets(t)
  const { trace, recording } = await traceOf(targets, spawned, {
    durationMs: 60_000,
    categories: [],
    endEarly: AbortSignal.timeout(1500),
  })
  t.ok(recording.windowCount <= 3)
  hasStacksAtAll(t, trace, spawned.pid)
  t.strictSame(new Set(trace.asyncSlices.map(({ cat }) => cat)), new Set(['event loop']))
})
