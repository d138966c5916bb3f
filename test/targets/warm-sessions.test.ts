import t from 'tap'
import { evaluate } from '../../src/inspector/evaluate.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { isAsBefore, newTargets, spawnObedient, targetOf, until } from './new-targets.ts'

t.test('a session lingers, is used again, and ends by itself', async (t) => {
  const targets = newTargets(t, { lingerMs: 500 })
  const spawned = await spawnObedient(t)
  const target = await targetOf(targets, spawned)
  const first = await targets.attach(target)
  await first.detach()
  t.notOk(first.session.isClosed)
  const second = await targets.attach(target)
  t.equal(second.session, first.session)
  t.equal(await evaluate(second.session, 'process.pid'), spawned.pid)
  await second.detach()
  t.ok(await until(async () => (await listeningPorts(spawned.pid)).length === 0))
  t.ok(first.session.isClosed)
  await isAsBefore(t, spawned)
})

t.test('close lets go of what lingers', async (t) => {
  const targets = newTargets(t, { lingerMs: 60_000 })
  const spawned = await spawnObedient(t)
  const target = await targetOf(targets, spawned)
  const both = await Promise.all([targets.attach(target), targets.attach(target)])
  for (const attachment of both) await attachment.detach()
  t.equal((await listeningPorts(spawned.pid)).length, 1)
  t.equal(await targets.close(), 0)
  await isAsBefore(t, spawned)
})

t.test('a target that ends while its session lingers does so at once', async (t) => {
  const targets = newTargets(t, { lingerMs: 60_000 })
  const spawned = await spawnObedient(t)
  const target = await targetOf(targets, spawned)
  await (await targets.attach(target)).detach()
  spawned.send('process.exit(3)')
  t.match(await spawned.waitForExit(3000), { code: 3, signal: null })
  t.ok(await until(() => targets.inspectorsLeftOpen === 0))
  await t.rejects(targets.attach(target), { code: 'target-vanished' })
})
