// Captures one after the other with a session that lingers between them.
import t from 'tap'
import { recordCpu } from '../../src/captures/cpu.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { profilerThreads } from '../fixtures/support/profiler-threads.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import {
  configured,
  countOfListening,
  isAsBefore,
  newTargets,
  targetOf,
  until,
} from '../targets/new-targets.ts'

const nodeArguments = ['--inspect-port=0']
const options = { durationMs: 300, hz: 100 }

t.test('a lingering session records again without a second signal or attach', async (t) => {
  const targets = newTargets(t, { lingerMs: 1500 })
  const programArguments = ['pool', 'pool']
  const spawned = await spawnTarget(t, 'workers.cjs', { nodeArguments, programArguments })
  const target = await targetOf(targets, spawned)
  const attachMs: number[] = []
  for (let round = 1; round <= 4; round++) {
    const recording = await recordCpu(targets, target, options)
    attachMs.push(recording.attachMs)
    const threads = recording.threads.map(({ thread }) => thread)
    t.strictSame(threads, ['main', 'pool#1', 'pool#2'], `round ${round}: each thread once`)
    t.strictSame(recording.missing, [])
    t.equal(recording.openedInspector, true)
    t.ok(await until(async () => (await profilerThreads(spawned.pid)) === 0), 'no profiler lingers')
  }
  t.comment(`attach took ${attachMs.map((ms) => ms.toFixed(1)).join(', ')} ms`)
  t.equal(countOfListening(spawned), 1)
  const attached = spawned.stderr.lines().filter((line) => line === 'Debugger attached.')
  t.equal(attached.length, 1)
  t.equal((await listeningPorts(spawned.pid)).length, 1, 'open for now')
  t.ok(await until(async () => (await listeningPorts(spawned.pid)).length === 0))
  await isAsBefore(t, spawned)
})

t.test('a service that restarts is followed by its name, warm or not', async (t) => {
  const mark = `mark-${process.pid}-${Date.now()}`
  const targets = newTargets(t, {
    configured: [configured('shop', { match: mark })],
    lingerMs: 60_000,
  })
  const pids: number[] = []
  for (let run = 1; run <= 2; run++) {
    const spawned = await spawnTarget(t, 'busy.cjs', { nodeArguments, programArguments: [mark] })
    const recording = await recordCpu(targets, await targets.resolve('shop'), options)
    t.match(recording.target, { pid: spawned.pid, name: 'shop' })
    pids.push(recording.target.pid)
    spawned.child.kill('SIGKILL')
    await spawned.waitForExit()
    await t.rejects(targets.resolve('shop'), { code: 'target-unknown' })
  }
  t.not(pids[0], pids[1])
  t.ok(await until(() => targets.inspectorsLeftOpen === 0))
})
