import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { evaluate } from '../../src/inspector/evaluate.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'
import { type SpawnTargetOptions, spawnTarget } from '../fixtures/support/spawn-target.ts'
import { isAsBefore, newTargets, spawnObedient, targetOf, until } from './new-targets.ts'

const nodeArguments = ['--inspect-port=0']

/** More than a busy machine adds, less than any wait of ours. */
const noDelayMs = 250

t.setTimeout(300_000)

t.test('attachments side by side share one inspector, and the last closes it', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnObedient(t)
  const target = await targetOf(targets, spawned)
  const attachments = await Promise.all([1, 2, 3].map(() => targets.attach(target)))
  const ports = await listeningPorts(spawned.pid)
  t.equal(ports.length, 1)
  const [first, second, third] = attachments
  await first?.detach()
  await first?.detach()
  t.strictSame(await listeningPorts(spawned.pid), ports, 'a second detach counts for nothing')
  await second?.detach()
  t.strictSame(await listeningPorts(spawned.pid), ports)
  t.equal(third && (await evaluate(third.session, '1 + 1')), 2)
  await third?.detach()
  await isAsBefore(t, spawned)
})

t.test('who comes while the last one leaves gets an inspector of its own', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnObedient(t)
  const target = await targetOf(targets, spawned)
  for (let round = 0; round < 5; round++) {
    const first = await targets.attach(target)
    const [next] = await Promise.all([targets.attach(target), first.detach()])
    t.equal(await evaluate(next.session, 'process.pid'), spawned.pid)
    const leaving = next.detach()
    const last = await targets.attach(target)
    await leaving
    await last.detach()
    t.strictSame(await listeningPorts(spawned.pid), [])
  }
  await isAsBefore(t, spawned)
})

t.test('close detaches whatever is attached', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnObedient(t)
  const attachment = await targets.attach(await targetOf(targets, spawned))
  const self = await targets.attach(await targets.resolve('self'))
  t.equal(await targets.close(), 0)
  t.ok(attachment.session.isClosed && self.session.isClosed)
  await isAsBefore(t, spawned)
})

t.test('an aborted attach leaves nothing', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnObedient(t)
  const target = await targetOf(targets, spawned)
  const reason = new Error('left')
  await t.rejects(targets.attach(target, { signal: AbortSignal.abort(reason) }), reason)
  for (const delayMs of [1, 5, 10, 20, 40, 80]) {
    const attaching = targets.attach(target, { signal: AbortSignal.timeout(delayMs) })
    await attaching.then(
      (attachment) => attachment.detach(),
      () => undefined,
    )
    t.strictSame(await listeningPorts(spawned.pid), [], `aborted after ${delayMs} ms`)
  }
  t.equal(targets.inspectorsLeftOpen, 0)
  await isAsBefore(t, spawned)
})

for (const major of nodeMajors) {
  const { path: node = '', reason } = await nodeBinary(major)
  t.test(`the exit of Node ${major} is not delayed`, { skip: reason ?? false }, async (t) => {
    for (const request of ['exit 7', 'end', 'throw']) {
      const alone = await exitMs(t, { node, nodeArguments }, request, false)
      const attached = await exitMs(t, { node, nodeArguments }, request, true)
      t.ok(attached < alone + noDelayMs, `${request}: ${attached} ms, ${alone} ms without us`)
    }
  })
}

t.test('a target that was killed while attached is let go', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnObedient(t)
  const attachment = await targets.attach(await targetOf(targets, spawned))
  spawned.child.kill('SIGKILL')
  await attachment.session.closed
  await t.rejects(attachment.session.send('Profiler.enable'), { code: 'session-closed' })
  await attachment.detach()
  t.ok(await until(() => targets.inspectorsLeftOpen === 0))
})

t.test('an inspector that opens late, after native code, is closed then', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnObedient(t)
  const target = await targetOf(targets, spawned)
  spawned.send("require('child_process').execSync('sleep 4')")
  await sleep(100)
  await t.rejects(targets.attach(target), {
    code: 'attach-failed',
    message: /or is blocked in native code/,
  })
  t.equal(targets.inspectorsLeftOpen, 1)
  await spawned.stdout.waitFor(/^done$/)
  await spawned.stderr.waitFor(/Debugger listening/)
  t.ok(await until(() => targets.inspectorsLeftOpen === 0), 'nothing is left open')
  await isAsBefore(t, spawned)
})

t.test('what a blocked program does with the signal after we let go is undone, too', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnObedient(t)
  const target = await targetOf(targets, spawned)
  spawned.send("for (const end = Date.now() + 2500; Date.now() < end; ); console.log('unblocked')")
  await sleep(100)
  const attachment = await targets.attach(target)
  await attachment.detach()
  t.strictSame(await listeningPorts(spawned.pid), [])
  t.equal(targets.inspectorsLeftOpen, 1, 'its event loop has yet to see the signal')
  await spawned.stdout.waitFor(/^unblocked$/)
  const openings = () => spawned.stderr.lines().filter((line) => /^Debugger listening/.test(line))
  t.ok(await until(() => openings().length === 2), 'it is opened once more')
  t.ok(await until(() => targets.inspectorsLeftOpen === 0), 'nothing is left open')
  await isAsBefore(t, spawned)
})

t.test('a capture that comes while a late inspector waits to be closed keeps it', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnObedient(t)
  const target = await targetOf(targets, spawned)
  spawned.send("require('child_process').execSync('sleep 3')")
  await sleep(100)
  await t.rejects(targets.attach(target), { code: 'attach-failed' })
  await spawned.stderr.waitFor(/Debugger listening/)
  const attachment = await targets.attach(target)
  await sleep(2500)
  t.equal(await evaluate(attachment.session, '1 + 1'), 2, 'it is still there')
  await attachment.detach()
  t.ok(await until(() => targets.inspectorsLeftOpen === 0))
  await isAsBefore(t, spawned)
})

t.test('what cannot be closed for native code is closed after it', async (t) => {
  const targets = newTargets(t, { commandTimeoutMs: 300 })
  const spawned = await spawnObedient(t)
  const attachment = await targets.attach(await targetOf(targets, spawned))
  spawned.send("require('child_process').execSync('sleep 5')")
  await sleep(100)
  await attachment.detach()
  t.equal(targets.inspectorsLeftOpen, 1)
  await spawned.stdout.waitFor(/^done$/)
  t.ok(await until(() => targets.inspectorsLeftOpen === 0))
  await isAsBefore(t, spawned)
})

t.test('close gives what is left open a last chance, and counts it', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnTarget(t, 'own-sigusr1-handler.cjs', { nodeArguments })
  await t.rejects(targets.attach(await targetOf(targets, spawned)), { code: 'attach-failed' })
  t.equal(await targets.close(), 1)
  t.ok(spawned.isAlive())
})

async function exitMs(
  t: Test,
  options: SpawnTargetOptions,
  request: string,
  attach: boolean,
): Promise<number> {
  const targets = newTargets(t)
  const spawned = await spawnTarget(t, 'exits-on-request.cjs', options)
  const target = await targetOf(targets, spawned)
  const attachment = attach ? await targets.attach(target) : undefined
  spawned.send(request)
  const { elapsedMs, code } = await spawned.waitForExit()
  t.equal(code, { 'exit 7': 7, end: 0, throw: 1 }[request], `${request} ends it as ever`)
  await attachment?.detach()
  t.ok(await until(() => targets.inspectorsLeftOpen === 0))
  return elapsedMs
}
