// What attaching and the captures ask of a target, in counts, on every Node: a change that raises one needs a
// reason. CPU and the cut of a chain: capture-effort.test.ts.
import t, { type Test } from 'tap'
import { recordGoroutines } from '../../src/captures/goroutine.ts'
import { recordHeap } from '../../src/captures/heap.ts'
import { recordTrace } from '../../src/captures/trace.ts'
import { defaultTraceCategories } from '../../src/captures/trace-categories.ts'
import type { Target } from '../../src/targets/target.ts'
import type { Targets } from '../../src/targets/targets.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { configured, newTargets } from '../targets/new-targets.ts'
import { inspectorRelay, isNudge } from './inspector-relay.ts'

t.setTimeout(120_000)

interface Effort {
  readonly what: string
  /** Resolves to the bytes that were asked for. */
  readonly work: (targets: Targets, target: Target) => Promise<number>
  /** The list of what can be inspected takes one, each session another. */
  readonly connections: number
  /** One for each command; the largest of Node 18 to 26, exact but for captures of many steps. */
  readonly answers: number
  /** In the answers, besides what was asked for; twice what the largest of Node 18 to 26 sends. */
  readonly bytes: number
}

const efforts: readonly Effort[] = [
  {
    what: 'attaching and letting go',
    work: async (targets, target) => {
      const { detach } = await targets.attach(target)
      await detach()
      return 0
    },
    connections: 2,
    answers: 2,
    bytes: 200,
  },
  {
    what: 'a heap profile',
    work: async (targets, target) => {
      const { threads } = await recordHeap(targets, target, {
        counting: 'live',
        durationMs: 200,
        samplingIntervalBytes: 524_288,
        gc: false,
        isDelta: false,
      })
      return threads[0]?.profileJson.byteLength ?? 0
    },
    connections: 2,
    // Node 18 is asked once more whether it samples.
    answers: 12,
    bytes: 6000,
  },
  {
    what: 'a goroutine snapshot of an idle process',
    work: async (targets, target) => {
      await recordGoroutines(targets, target)
      return 0
    },
    connections: 2,
    // 52 and 53 were seen.
    answers: 58,
    bytes: 320_000,
  },
  {
    what: 'a trace',
    work: async (targets, target) => {
      await recordTrace(targets, target, {
        durationMs: 300,
        hz: 100,
        categories: defaultTraceCategories,
        force: true,
        onStart: () => {},
        write: async () => {},
      })
      return 0
    },
    // The second session gives back Node's tracing, in six starts and ends.
    connections: 4,
    answers: 28,
    bytes: 5000,
  },
]

for (const major of nodeMajors) {
  const { path: node = '', reason } = await nodeBinary(major)
  t.test(`captures ask little of Node ${major}`, { skip: reason ?? false }, async (t) => {
    const { relay, targets } = await relayedTargets(t, node)
    const target = await targets.resolve('relayed')
    for (const { what, work, connections, answers, bytes } of efforts) {
      const before = { connections: relay.connections(), messages: relay.messages().length }
      const askedBytes = await work(targets, target)
      const sent = relay.messages().slice(before.messages).filter(isAnswer)
      const sentBytes = sent.reduce((sum, { byteLength }) => sum + byteLength, 0)
      const opened = relay.connections() - before.connections
      t.ok(opened <= connections, `${what}: ${opened} connections`)
      t.ok(sent.length <= answers, `${what}: ${sent.length} answers`)
      t.ok(sentBytes - askedBytes <= bytes, `${what}: ${sentBytes - askedBytes} bytes`)
    }
  })
}

async function relayedTargets(t: Test, node: string) {
  const spawned = await spawnTarget(t, 'idle.cjs', { node, nodeArguments: ['--inspect=0'] })
  const [inspectorPort = 0] = await listeningPorts(spawned.pid)
  const relay = await inspectorRelay(t, inspectorPort)
  const targets = newTargets(t, { configured: [configured('relayed', { port: relay.port })] })
  return { relay, targets }
}

/** What the target sends by itself depends on what it does. */
function isAnswer(message: Buffer): boolean {
  return message.toString('latin1', 0, 6) === '{"id":' && !isNudge(message)
}
