// Another process takes the port between the last look at it and the opening.
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { evaluate } from '../../src/inspector/evaluate.ts'
import { InspectorFinder } from '../../src/targets/find-inspector.ts'
import { listenersBefore, openInspector } from '../../src/targets/open-inspector.ts'
import { freePort } from '../fixtures/support/free-port.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'
import type { SpawnedTarget } from '../fixtures/support/spawn-target.ts'
import { countOfListening, newTargets, spawnObedient, targetOf } from './new-targets.ts'

const procRoot = '/proc'
const failed = /^Starting inspector on 127\.0\.0\.1:\d+ failed: address already in use$/

async function race(t: Test, node = process.execPath) {
  const port = await freePort()
  const spawned = await spawnObedient(t, { node, nodeArguments: [`--inspect-port=${port}`] })
  const target = await targetOf(newTargets(t), spawned)
  const before = await listenersBefore(target, procRoot)
  const rival = createServer().listen(port, '127.0.0.1')
  await once(rival, 'listening')
  t.teardown(() => rival.close())
  const finder = new InspectorFinder(procRoot)
  return { spawned, target, rival, opening: { before, port, finder, procRoot } }
}

for (const major of nodeMajors) {
  const { path, reason } = await nodeBinary(major)
  t.test(`Node ${major} is signalled again`, { skip: reason ?? false }, async (t) => {
    const { spawned, target, rival, opening } = await race(t, path)
    let asked = 0
    const isReady = async () => {
      asked++
      return true
    }
    const opened = openInspector(target, { ...opening, isReady })
    await spawned.stderr.waitFor(failed)
    await delay(100)
    rival.close()
    t.equal((await opened).socket.port, opening.port)
    t.equal(asked, 1)
    t.equal(countOfListening(spawned), 1)
  })
}

for (const [times, isReady] of [
  ['once', false],
  ['twice', true],
] as const) {
  t.test(`one that stays is the reason, and it was signalled ${times}`, async (t) => {
    const { spawned, target, opening } = await race(t)
    let asked = 0
    const ask = async () => {
      asked++
      return isReady
    }
    const beganMs = performance.now()
    await t.rejects(openInspector(target, { ...opening, isReady: ask }), {
      code: 'attach-failed',
      message: `process ${spawned.pid} could not open its inspector: another process took port ${opening.port} at that moment; try again when it is free`,
    })
    t.equal(asked, 1)
    // Two seconds each.
    t.equal(performance.now() - beganMs > 3900, isReady)
    // With each signal Node tries it once or twice.
    t.ok(countOf(spawned, failed) >= (isReady ? 2 : 1))
    t.ok(spawned.isAlive())
  })
}

t.test('two pprofds attach to two processes of one port at once', async (t) => {
  const nodeArguments = [`--inspect-port=${await freePort()}`]
  const pairs = await Promise.all(
    [1, 2].map(async () => {
      const targets = newTargets(t)
      const spawned = await spawnObedient(t, { nodeArguments })
      return { targets, spawned, target: await targetOf(targets, spawned) }
    }),
  )
  for (let round = 1; round <= 12; round++) {
    const attachments = await Promise.all(
      pairs.map(({ targets, target }) => targets.attach(target)),
    )
    for (const [index, { session }] of attachments.entries()) {
      t.equal(await evaluate(session, 'process.pid'), pairs[index]?.spawned.pid, `round ${round}`)
    }
    await Promise.all(attachments.map((attachment) => attachment.detach()))
  }
  for (const { spawned } of pairs) t.strictSame(await listeningPorts(spawned.pid), [])
})

function countOf({ stderr }: SpawnedTarget, pattern: RegExp): number {
  return stderr.lines().filter((line) => pattern.test(line)).length
}
