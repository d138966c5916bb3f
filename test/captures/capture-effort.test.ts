// What a capture asks of a target, in counts: they are the same on every machine, and what they guard is paid
// by the target at each capture. A change that raises one needs a reason.
import t from 'tap'
import { recordCpu } from '../../src/captures/cpu.ts'
import { CpuChain } from '../../src/recorder/cpu-chain.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { configured, newTargets } from '../targets/new-targets.ts'
import { inspectorRelay, isNudge } from './inspector-relay.ts'

async function relayedTarget(t: Parameters<typeof spawnTarget>[0]) {
  const spawned = await spawnTarget(t, 'busy.cjs', { nodeArguments: ['--inspect=0'] })
  const [inspectorPort = 0] = await listeningPorts(spawned.pid)
  const relay = await inspectorRelay(t, inspectorPort)
  const targets = newTargets(t, { configured: [configured('relayed', { port: relay.port })] })
  const messages = () => relay.messages().filter((message) => !isNudge(message))
  return { messages, targets, target: await targets.resolve('relayed') }
}

/** Whose answers are no more than their envelope. */
const smallBytes = 300

t.test('a CPU capture is few messages, and little but the profile', async (t) => {
  const { messages: sent, targets, target } = await relayedTarget(t)
  const recording = await recordCpu(targets, target, { durationMs: 500, hz: 100 })
  const messages = sent()
  const profileBytes = recording.threads[0]?.profileJson.byteLength ?? 0
  const sentBytes = messages.reduce((sum, { byteLength }) => sum + byteLength, 0)
  t.ok(messages.length <= 10, `${messages.length} messages`)
  t.ok(
    sentBytes - profileBytes <= messages.length * smallBytes,
    `${sentBytes - profileBytes} bytes`,
  )
})

t.test('a cut of a chain is four messages, and little but the window', async (t) => {
  const { messages: sent, targets, target } = await relayedTarget(t)
  let windowBytes = 0
  const chain = await CpuChain.start(targets, await targets.attach(target), {
    hz: 100,
    windowMs: 60_000,
    onRound: async ({ threads }) => {
      windowBytes = threads[0]?.profileJson.byteLength ?? 0
    },
  })
  t.teardown(() => chain.close())
  // The first one ends what Profiler.start began.
  await chain.cut()
  for (let cut = 0; cut < 3; cut++) {
    const before = sent().length
    await chain.cut()
    const messages = sent().slice(before)
    const sentBytes = messages.reduce((sum, { byteLength }) => sum + byteLength, 0)
    t.equal(messages.length, 4, 'the begin of the next, the window, the answer, the figures')
    t.ok(sentBytes - windowBytes <= 4 * smallBytes, `${sentBytes - windowBytes} bytes`)
  }
})
