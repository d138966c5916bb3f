import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { RecordedProfile } from '../../src/recorder/recorded-profile.ts'
import type { StallReport } from '../../src/recorder/stall-report.ts'
import { Stalls } from '../../src/recorder/stalls.ts'
import type { Targets } from '../../src/targets/targets.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'
import { type SpawnedTarget, spawnTarget } from '../fixtures/support/spawn-target.ts'
import { configured, newTargets, until } from '../targets/new-targets.ts'

const thresholdMs = 300
const nodeArguments = ['--inspect-port=0']

t.setTimeout(300_000)

interface Watching {
  readonly stalls: Stalls
  readonly targets: Targets
  readonly logged: object[]
  readonly stored: RecordedProfile[]
  next(): Promise<StallReport>
}

/** Watches these processes, from now on, without the grace of programs that start. */
async function watch(t: Test, ...spawned: readonly SpawnedTarget[]): Promise<Watching> {
  const list = spawned.map(({ pid }) => configured(`app-${pid}`, { pid }))
  const targets = newTargets(t, { configured: list, discover: false })
  const logged: object[] = []
  const stored: RecordedProfile[] = []
  const stalls = new Stalls({
    targets,
    options: { thresholdMs, cooldownMs: 0, perHour: 1000 },
    log: { warn: (fields) => logged.push(fields), error: (fields) => t.fail('logged', fields) },
    sinks: [{ put: async (profile) => void stored.push(profile) }],
    lastProfile: async () => undefined,
    graceMs: 0,
  })
  t.teardown(() => stalls.close())
  stalls.start()
  await until(() => stalls.watched().length === spawned.length)
  const next = () =>
    new Promise<StallReport>((resolve) => {
      const off = stalls.onStall((report) => {
        off()
        resolve(report)
      })
    })
  return { stalls, targets, logged, stored, next }
}

/** On a machine under load a stall may end before its stack was taken: then there is another one. */
async function stallWithStack(
  watching: Watching,
  { send }: SpawnedTarget,
  line: string,
): Promise<StallReport> {
  for (let attempt = 1; ; attempt++) {
    const reported = watching.next()
    send(line)
    const report = await reported
    if (report.stacks.length > 0 || attempt === 4) return report
  }
}

for (const major of nodeMajors) {
  const { path: node = '', reason } = await nodeBinary(major)
  t.test(`names who blocks the loop of Node ${major}`, { skip: reason ?? false }, async (t) => {
    const spawned = await spawnTarget(t, 'stalls.cjs', { node, nodeArguments })
    const watching = await watch(t, spawned)
    t.equal(watching.stalls.watched()[0]?.detectedBy, 'loop')
    const report = await stallWithStack(watching, spawned, 'spin 1500')
    const functions = report.stacks[0]?.frames.map((frame) => frame.function)
    t.match(functions, ['crunchNumbers', 'blocksTheLoop', 'say'])
    const [frame] = report.stacks[0]?.frames ?? []
    t.match(frame?.url, /stalls\.cjs$/)
    t.ok(frame && [11, 12, 13].includes(frame.line), `line ${frame?.line}`)
    t.ok(report.durationMs > 1400 && report.durationMs < 10_000, `${report.durationMs} ms`)
    t.match(report, { ended: true, detectedBy: 'loop', thresholdMs, nodeVersion: `v${major}.` })
    t.ok((report.processor?.usedMs ?? 0) > 100)
    t.match(watching.logged.at(-1), { frames: [/^crunchNumbers .*stalls\.cjs:1\d:\d+$/] })
    await t.resolves(watching.stalls.close())
    const text = Buffer.from(watching.stored.at(-1)?.bytes ?? []).toString()
    t.match(text, /blocked for \d+ ms\n[\s\S]*\nafter \d+ ms:\n {2}crunchNumbers /)
    t.match(watching.stored.at(-1), { kind: 'stall', extension: '.txt' })
    t.ok(await until(() => watching.targets.inspectorsLeftOpen === 0))
    t.strictSame(await listeningPorts(spawned.pid), [], 'nothing is left open')
    t.ok(spawned.isAlive())
  })
}

t.test('a loop that turns is no stall, however busy it is', async (t) => {
  const spawned = await spawnTarget(t, 'stalls.cjs', { nodeArguments })
  const watching = await watch(t, spawned)
  spawned.send('load')
  const [target] = watching.stalls.watched()
  const cpu = async () => target && (await watching.targets.cpuTime(target.target, spawned.pid))
  const before = await cpu()
  await sleep(3000)
  const after = await cpu()
  const usedUs = (after?.usedUs ?? 0) - (before?.usedUs ?? 0) + (after?.queuedUs ?? 0)
  t.ok(usedUs > 1_000_000, `it was busy: ${usedUs} us`)
  t.strictSame(watching.stalls.reports, [])
  t.notMatch(spawned.stderr.text(), /Debugger/, 'it was not attached to')
})

t.test('a loop that starts timers while it is blocked is blocked all the same', async (t) => {
  const spawned = await spawnTarget(t, 'stalls.cjs', { nodeArguments })
  const watching = await watch(t, spawned)
  const reported = watching.next()
  spawned.send('timers 900')
  const report = await reported
  t.ok(report.durationMs > 500, `${report.durationMs} ms`)
})

t.test('a blocked system call is told by the kernel, and nobody is attached to', async (t) => {
  const spawned = await spawnTarget(t, 'stalls.cjs', { nodeArguments })
  const watching = await watch(t, spawned)
  const reported = watching.next()
  spawned.send('exec 1200')
  const report = await reported
  t.match(report, { stacks: [], waitsFor: /epoll_p?wait.*; child \d+ sleep 1\.2$/ })
  t.match(report.notes, [/^no stack: the thread is inside a call of native code/])
  t.ok(report.durationMs > 1100, `${report.durationMs} ms`)
  t.notMatch(spawned.stderr.text(), /Debugger/)
})

t.test('Atomics.wait on the main thread shows its caller', async (t) => {
  const spawned = await spawnTarget(t, 'stalls.cjs', { nodeArguments })
  const report = await stallWithStack(await watch(t, spawned), spawned, 'atomics 1500')
  const functions = report.stacks[0]?.frames.map((frame) => frame.function)
  t.match(functions, ['Atomics.wait', 'waitsInAtomics'])
})

t.test('a process that is stopped is not to blame', async (t) => {
  const spawned = await spawnTarget(t, 'stalls.cjs', { nodeArguments })
  const watching = await watch(t, spawned)
  spawned.send('spin 250')
  await sleep(200)
  process.kill(spawned.pid, 'SIGSTOP')
  await sleep(1200)
  process.kill(spawned.pid, 'SIGCONT')
  await spawned.stdout.waitFor(/^over spin/, 30_000)
  await sleep(300)
  t.strictSame(watching.stalls.reports, [])
  t.notMatch(spawned.stderr.text(), /Debugger/)
})

t.test("the pauses of pprofd's own captures are none of its stalls", async (t) => {
  const spawned = await spawnTarget(t, 'stalls.cjs', { nodeArguments })
  const { stalls, targets } = await watch(t, spawned)
  const [watched] = stalls.watched()
  if (watched === undefined) throw new Error('nothing is watched')
  const attachment = await targets.attach(watched.target)
  // Stands for a heap snapshot: a command that holds up the target, however long it takes.
  await attachment.session.send('Runtime.evaluate', {
    expression: 'for (const end = Date.now() + 1200; Date.now() < end; );',
  })
  await attachment.detach()
  await sleep(300)
  t.strictSame(stalls.reports, [])
})
