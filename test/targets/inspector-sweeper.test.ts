import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { InspectorFinder } from '../../src/targets/find-inspector.ts'
import { InspectorSweeper, type Watch } from '../../src/targets/inspector-sweeper.ts'
import { freePort } from '../fixtures/support/free-port.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import type { SpawnedTarget } from '../fixtures/support/spawn-target.ts'
import { isAsBefore, newTargets, obey, spawnObedient, targetOf, until } from './new-targets.ts'

const open = "require('inspector').open(0)"
const any: Pick<Watch, 'isOurs' | 'originalPort' | 'isInUse'> = {
  isOurs: () => true,
  originalPort: 0,
  isInUse: () => false,
}

t.setTimeout(120_000)

async function watched(t: Test, watch: Partial<Watch>) {
  const procRoot = '/proc'
  const finder = new InspectorFinder(procRoot)
  const options = { procRoot, commandTimeoutMs: 2000, maxMessageBytes: 1024 * 1024 }
  const sweeper = new InspectorSweeper(options, finder)
  t.teardown(() => sweeper.stop(0))
  const spawned = await spawnObedient(t)
  const target = await targetOf(newTargets(t), spawned)
  let closedCount = 0
  const onClosed = async () => {
    closedCount++
  }
  const start = () => sweeper.watch(target, { ...any, onClosed, ...watch })
  return { sweeper, spawned, start, closedCount: () => closedCount }
}

const isShut = async ({ pid }: SpawnedTarget) => (await listeningPorts(pid)).length === 0

t.test('closes what is open, once, and counts it until then', async (t) => {
  const { sweeper, spawned, start, closedCount } = await watched(t, {})
  await obey(spawned, open)
  start()
  t.equal(sweeper.pending, 1)
  t.ok(await until(() => isShut(spawned)))
  t.ok(await until(() => closedCount() === 1))
  t.equal(sweeper.pending, 0)
  await obey(spawned, open)
  await sleep(500)
  t.notOk(await isShut(spawned), 'what opens later is none of its business')
})

t.test('what may open repeatedly is closed each time, until its time is over', async (t) => {
  const options = { repeatedly: true, mayOpenWithinMs: 2500 }
  const { sweeper, spawned, start, closedCount } = await watched(t, options)
  start()
  t.equal(sweeper.pending, 0, 'it may never open')
  t.ok(sweeper.isWatching)
  for (let round = 0; round < 3; round++) {
    await obey(spawned, open)
    await sweeper.lookNow()
    t.ok(await isShut(spawned), 'a look at once closes it at once')
  }
  t.ok(await until(() => !sweeper.isWatching))
  t.equal(closedCount(), 1)
  await obey(spawned, open)
  await sweeper.lookNow()
  await sleep(300)
  t.notOk(await isShut(spawned))
})

t.test('what a capture uses is left to it, for however long, and closed after it', async (t) => {
  let inUse = true
  const options = { repeatedly: true, mayOpenWithinMs: 300, isInUse: () => inUse }
  const { sweeper, spawned, start, closedCount } = await watched(t, options)
  start()
  await obey(spawned, open)
  await sleep(1500)
  t.notOk(await isShut(spawned))
  await sweeper.lookNow()
  t.notOk(await isShut(spawned))
  t.equal(closedCount(), 0)
  inUse = false
  t.ok(await until(() => isShut(spawned)))
  t.ok(await until(() => closedCount() === 1))
})

t.test('other sockets are not touched', async (t) => {
  const { sweeper, spawned, start } = await watched(t, { isOurs: () => false })
  await obey(spawned, open)
  start()
  await sleep(500)
  t.notOk(await isShut(spawned))
  t.equal(await sweeper.stop(100), 1, 'and it is said that something may be open')
})

t.test('a process that ends, or whose known socket is gone, is done with', async (t) => {
  const ended = await watched(t, {})
  ended.start()
  ended.spawned.child.kill('SIGKILL')
  t.ok(await until(() => ended.closedCount() === 1))
  const gone = await watched(t, { inode: '1' })
  await obey(gone.spawned, open)
  gone.start()
  t.ok(await until(() => gone.closedCount() === 1))
  t.notOk(await isShut(gone.spawned), 'this one is another')
})

t.test('the end of pprofd is the last chance', async (t) => {
  const { sweeper, spawned, start } = await watched(t, { mayOpenWithinMs: 60_000 })
  start()
  await sleep(1000)
  await obey(spawned, open)
  await sweeper.stop(0)
  t.ok(await isShut(spawned))
  t.notOk(sweeper.isWatching)
})

t.test('an inspector that moves after we gave up is closed all the same', async (t) => {
  const targets = newTargets(t, { commandTimeoutMs: 1000 })
  const spawned = await spawnObedient(t, { nodeArguments: [`--inspect-port=${await freePort()}`] })
  // What asks it to move finds it in native code for three seconds.
  await obey(
    spawned,
    "const end = process._debugEnd; process._debugEnd = () => { process._debugEnd = end; require('child_process').execSync('sleep 3'); end() }",
  )
  await t.rejects(targets.attach(await targetOf(targets, spawned)), {
    code: 'attach-failed',
    message: /opened its inspector, but did not answer within 2000 ms/,
  })
  t.equal(targets.inspectorsLeftOpen, 1)
  t.ok(await until(() => targets.inspectorsLeftOpen === 0))
  await isAsBefore(t, spawned)
})
