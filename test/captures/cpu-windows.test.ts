import t from 'tap'
import { type CpuWindow, cpuWindows } from '../../src/captures/cpu-windows.ts'
import { parseCpuProfile } from '../../src/convert/cpu-profile.ts'
import { nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'
import { profilerThreads } from '../fixtures/support/profiler-threads.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { newTargets, targetOf } from '../targets/new-targets.ts'

t.setTimeout(120_000)

const timeouts = { startTimeoutMs: 60_000, endTimeoutMs: 60_000 }

for (const major of nodeMajors) {
  const { path: node = '', reason } = await nodeBinary(major)

  t.test(
    `windows follow each other without a gap under Node ${major}`,
    { skip: reason ?? false },
    async (t) => {
      const targets = newTargets(t)
      const spawned = await spawnTarget(t, 'busy.cjs', {
        node,
        nodeArguments: ['--inspect-port=0'],
      })
      const attachment = await targets.attach(await targetOf(targets, spawned))
      const end = new AbortController()
      const windows: CpuWindow[] = []
      const started: number[] = []
      const options = {
        ...timeouts,
        samplingIntervalUs: 10_000,
        windowMs: 300,
        end: end.signal,
        onStart: (pauseMs: number) => void started.push(pauseMs),
      }
      for await (const window of cpuWindows(attachment.session, options)) {
        windows.push(window)
        if (windows.length === 1) t.equal(await profilerThreads(spawned.pid), 1, 'it goes on')
        if (windows.length === 2) end.abort()
      }
      t.equal(windows.length, 3, 'the last one is ended early, and kept')
      t.strictSame(started, [windows[0]?.startPauseMs])
      const profiles = windows.map(({ profileJson }) => parseCpuProfile(profileJson))
      for (const [index, { startTimeUs, endTimeUs, callFrames }] of profiles.entries()) {
        const [fromUs = 0, toUs = 0] = windows[index]?.startedBetweenUs ?? []
        t.ok(startTimeUs >= fromUs && startTimeUs <= toUs, "V8's clock is ours")
        const next = profiles[index + 1]
        if (next !== undefined)
          t.ok(next.startTimeUs <= endTimeUs, 'it begins before this one ends')
        if (index < 2) t.ok(callFrames.some(({ functionName }) => functionName === 'runRound'))
      }
      t.equal(await profilerThreads(spawned.pid), 0)
      await attachment.detach()
    },
  )
}

t.test('whoever stops taking windows leaves nothing on', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnTarget(t, 'busy.cjs', { nodeArguments: ['--inspect-port=0'] })
  const attachment = await targets.attach(await targetOf(targets, spawned))
  const { session } = attachment
  const end = new AbortController().signal
  const options = { ...timeouts, samplingIntervalUs: 10_000, windowMs: 50, end }
  for await (const _ of cpuWindows(session, options)) break
  t.equal(await profilerThreads(spawned.pid), 0)

  const giveUp = new AbortController()
  const reason = new Error('given up')
  setTimeout(() => giveUp.abort(reason), 300)
  const windows = cpuWindows(session, { ...options, signal: giveUp.signal })
  await t.rejects(
    async () => {
      for await (const _ of windows);
    },
    { message: 'given up' },
  )
  t.equal(await profilerThreads(spawned.pid), 0)
  await attachment.detach()
})
