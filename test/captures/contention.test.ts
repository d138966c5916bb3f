import { readdirSync, readlinkSync } from 'node:fs'
import t from 'tap'
import { recordContention } from '../../src/captures/contention.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { isAsBefore, newTargets, targetOf, until } from '../targets/new-targets.ts'

t.setTimeout(300_000)

const nodeArguments = ['--inspect-port=0']

/** Files of the process that this one holds open. */
function openFilesOf(pid: number): readonly string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`)
      return path.startsWith(`/proc/${pid}/`) ? [path] : []
    } catch {
      return []
    }
  })
}

t.test('watches all threads, on the clock of their profiles, and lets go of them', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnTarget(t, 'workers.cjs', {
    nodeArguments,
    programArguments: ['pool', '-'],
  })
  const target = await targetOf(targets, spawned)
  let heldOpen = 0
  const recording = await recordContention(targets, target, {
    kind: 'block',
    durationMs: 700,
    hz: 100,
    onPhase: (phase) => {
      if (phase === 'stopping') heldOpen = openFilesOf(spawned.pid).length
    },
  })
  t.equal(heldOpen, 12, 'four files of each of three threads')
  t.strictSame(openFilesOf(spawned.pid), [])
  t.strictSame(
    recording.looks.map(({ thread }) => thread).sort(),
    recording.threads.map(({ thread }) => thread).sort(),
  )
  t.equal(recording.looks.length, 3)
  const cpuUs = recording.looks.map(
    ({ looks }) => (looks.at(-1)?.cpuUs ?? 0) - (looks[0]?.cpuUs ?? 0),
  )
  for (const [index, { thread, looks }] of recording.looks.entries()) {
    t.ok(looks.length > 10, `${looks.length} looks at ${thread}`)
    if (thread !== 'main') t.ok((cpuUs[index] ?? 0) > 2000, `${thread} works: ${cpuUs[index]} us`)
  }
  const [main] = recording.threads
  const { startTime } = JSON.parse(Buffer.from(main?.profileJson ?? '').toString())
  const [from, to] = recording.startedBetweenUs
  t.ok(startTime >= from && startTime <= to, `begun at ${startTime}, between ${from} and ${to}`)
  t.ok(recording.watchCostMs > 0)
  await isAsBefore(t, spawned)
})

t.test('an abort ends watching, too', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnTarget(t, 'busy.cjs', { nodeArguments })
  const controller = new AbortController()
  const capture = recordContention(targets, await targetOf(targets, spawned), {
    kind: 'mutex',
    durationMs: 60_000,
    hz: 100,
    signal: controller.signal,
    onPhase: (phase) => {
      if (phase === 'recording') controller.abort(new Error('left'))
    },
  })
  await t.rejects(capture, { code: 'capture-aborted' })
  t.strictSame(openFilesOf(spawned.pid), [])
  await isAsBefore(t, spawned)
})

t.test('so does the end of the target', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnTarget(t, 'busy.cjs', { nodeArguments })
  const capture = recordContention(targets, await targetOf(targets, spawned), {
    kind: 'block',
    durationMs: 60_000,
    hz: 100,
    onPhase: (phase) => {
      if (phase === 'recording') process.kill(spawned.pid, 'SIGKILL')
    },
  })
  await t.rejects(capture, { code: 'target-vanished' })
  t.strictSame(openFilesOf(spawned.pid), [])
  t.ok(await until(() => targets.inspectorsLeftOpen === 0))
})
