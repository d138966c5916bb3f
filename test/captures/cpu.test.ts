import { realpathSync } from 'node:fs'
import type { Profiler } from 'node:inspector'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { recordCpu } from '../../src/captures/cpu.ts'
import type { CpuRecording } from '../../src/captures/cpu-recording.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { isAsBefore, newTargets, targetOf, until } from '../targets/new-targets.ts'

const nodeArguments = ['--inspect-port=0']

t.setTimeout(300_000)

/** The main thread's profile, parsed. */
function profileOf({ threads }: CpuRecording): Profiler.Profile {
  return JSON.parse(Buffer.from(threads[0]?.profileJson ?? '').toString())
}

/** Samples whose innermost frame is the function, as a share of all that are not idle. */
function shareOf({ nodes, samples = [] }: Profiler.Profile, functionName: string): number {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, callFrame.functionName]))
  const busy = samples.map((id) => names.get(id)).filter((name) => name !== '(idle)')
  return busy.filter((name) => name === functionName).length / busy.length
}

for (const major of nodeMajors) {
  const { path: node = '', reason } = await nodeBinary(major)
  const skip = reason ?? false

  for (const program of ['busy.cjs', 'busy.mjs']) {
    t.test(`records ${program} on Node ${major} and leaves nothing`, { skip }, async (t) => {
      const targets = newTargets(t)
      const spawned = await spawnTarget(t, program, { node, nodeArguments })
      const target = await targetOf(targets, spawned)
      const phases: string[] = []
      const askedAtMs = Date.now()
      const recording = await recordCpu(targets, target, {
        durationMs: 1000,
        hz: 250,
        onPhase: (phase) => phases.push(phase),
      })
      t.strictSame(await listeningPorts(spawned.pid), [])
      t.strictSame(phases, ['attaching', 'recording', 'stopping', 'detaching'])
      t.match(recording, {
        target: {
          pid: spawned.pid,
          name: program,
          executable: realpathSync(node),
          workingDirectory: target.workingDirectory,
        },
        threads: [{ pid: spawned.pid, thread: 'main' }],
        askedDurationMs: 1000,
        askedHz: 250,
        samplingIntervalUs: 4000,
        openedInspector: true,
      })
      t.match(recording.target.nodeVersion, new RegExp(`^v${major}\\.`))
      const costs = [recording.startPauseMs, recording.stopPauseMs, recording.attachMs]
      t.ok(
        costs.every((ms) => ms > 0 && ms < 10_000),
        costs.join(', '),
      )
      t.ok(recording.startedAtMs >= askedAtMs && recording.startedAtMs <= Date.now())
      const profile = profileOf(recording)
      const lengthMs = (profile.endTime - profile.startTime) / 1000
      t.ok(lengthMs > 900 && lengthMs < 5000, `${lengthMs} ms`)
      t.ok((profile.samples?.length ?? 0) > 50, `${profile.samples?.length} samples`)
      const share = shareOf(profile, 'burnSixty')
      // Right to 5 points on a machine that has nothing else to do; here it must not be missed.
      t.ok(share > 0.25 && share < 0.9, `burnSixty has ${share}`)
      await isAsBefore(t, spawned)
    })
  }

  t.test(`records a blocked loop on Node ${major}`, { skip }, async (t) => {
    const targets = newTargets(t)
    const spawned = await spawnTarget(t, 'blocked.cjs', { node, nodeArguments })
    await sleep(300)
    const target = await targetOf(targets, spawned)
    const recording = await recordCpu(targets, target, { durationMs: 500, hz: 100 })
    const share = shareOf(profileOf(recording), 'crunchNumbers')
    t.ok(share > 0.5, `crunchNumbers has ${share}`)
    await isAsBefore(t, spawned)
  })
}

t.test('two captures at once keep their own rates', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnTarget(t, 'busy.cjs', { nodeArguments })
  const target = await targetOf(targets, spawned)
  const [slow, fast] = await Promise.all([
    recordCpu(targets, target, { durationMs: 1500, hz: 50 }),
    recordCpu(targets, target, { durationMs: 1000, hz: 500 }),
  ])
  t.match([slow, fast], [{ samplingIntervalUs: 20_000 }, { samplingIntervalUs: 2000 }])
  const rateOf = (recording: CpuRecording) => {
    const { samples = [], startTime, endTime } = profileOf(recording)
    return (samples.length * 1_000_000) / (endTime - startTime)
  }
  t.ok(rateOf(fast) > 3 * rateOf(slow), `${rateOf(fast)} and ${rateOf(slow)} Hz`)
  await isAsBefore(t, spawned)
})

t.test('uses an open inspector, says so, and leaves it open', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnTarget(t, 'busy.cjs', { nodeArguments: ['--inspect=0'] })
  const portsBefore = await listeningPorts(spawned.pid)
  const target = await targetOf(targets, spawned)
  const recording = await recordCpu(targets, target, { durationMs: 200, hz: 100 })
  t.equal(recording.openedInspector, false)
  t.strictSame(await listeningPorts(spawned.pid), portsBefore)
})

t.test('records itself', async (t) => {
  const targets = newTargets(t)
  const portsBefore = await listeningPorts(process.pid)
  const self = await targets.resolve('self')
  const recording = await recordCpu(targets, self, { durationMs: 200, hz: 100 })
  t.match(recording, {
    target: { pid: process.pid, name: 'pprofd', nodeVersion: process.version },
    openedInspector: false,
  })
  t.ok(profileOf(recording).nodes.length > 0)
  t.strictSame(await listeningPorts(process.pid), portsBefore)
})

t.test('an abort ends the capture at any time and restores the target', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnTarget(t, 'busy.cjs', { nodeArguments })
  const target = await targetOf(targets, spawned)
  for (const phase of ['attaching', 'recording', 'stopping'] as const) {
    const controller = new AbortController()
    const startedMs = performance.now()
    const capture = recordCpu(targets, target, {
      durationMs: phase === 'stopping' ? 200 : 60_000,
      hz: 100,
      signal: controller.signal,
      onPhase: (reached) => {
        if (reached === phase) controller.abort(new Error('left'))
      },
    })
    await t.rejects(capture, {
      code: 'capture-aborted',
      message: `the capture of ${target.id} was given up; the target is as before`,
      cause: { message: 'left' },
    })
    t.ok(performance.now() - startedMs < 20_000)
    t.strictSame(await listeningPorts(spawned.pid), [], `aborted while ${phase}`)
  }
  await isAsBefore(t, spawned)
})

t.test('a target that is killed in mid-capture is vanished', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnTarget(t, 'busy.cjs', { nodeArguments })
  const capture = recordCpu(targets, await targetOf(targets, spawned), {
    durationMs: 60_000,
    hz: 100,
    onPhase: (phase) => {
      if (phase === 'recording') process.kill(spawned.pid, 'SIGKILL')
    },
  })
  await t.rejects(capture, {
    code: 'target-vanished',
    message: new RegExp(`^${spawned.pid} ended, or its inspector was closed, during the capture`),
  })
  t.ok(await until(() => targets.inspectorsLeftOpen === 0))
})

t.test('an exit in mid-capture is not delayed, and vanished', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnTarget(t, 'exits-on-request.cjs', { nodeArguments })
  const capture = recordCpu(targets, await targetOf(targets, spawned), {
    durationMs: 60_000,
    hz: 100,
    onPhase: (phase) => {
      if (phase === 'recording') spawned.send('exit 7')
    },
  })
  await t.rejects(capture, { code: 'target-vanished', message: /the target is exiting/ })
  t.match(await spawned.waitForExit(2000), { code: 7, signal: null })
})

t.test('refuses what the pre-flight refuses', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnTarget(t, 'sigusr1-removed.cjs', { nodeArguments })
  const capture = recordCpu(targets, await targetOf(targets, spawned), { durationMs: 1, hz: 1 })
  await t.rejects(capture, { code: 'target-refused', message: /SIGUSR1 would kill/ })
  t.ok(spawned.isAlive())
})
