import t from 'tap'
import { instanceId, pidOfInstance } from '../../src/targets/instance-id.ts'
import { fakeProc } from '../proc/fake-proc.ts'
import { newTargets, spawnObedient, targetOf } from './new-targets.ts'

t.test('it is made of pid, start time and boot', async (t) => {
  const boot = '1a2b3c4d-0000-4000-8000-000000000000'
  const root = fakeProc(t, { 'sys/kernel/random': { boot_id: `${boot}\n` } })
  const identity = { pid: 4711, startTimeTicks: 8812345n }
  t.equal(await instanceId(identity, root), '4711-8812345-1a2b3c4d')
  t.equal(await instanceId(identity, fakeProc(t, {})), '4711-8812345-')
})

t.test('its pid can be read back, and what is no id is none', async (t) => {
  t.equal(pidOfInstance('4711-8812345-1a2b3c4d'), 4711)
  t.equal(pidOfInstance('4711-8812345-'), 4711)
  for (const text of ['4711', '4711-1', 'a-1-1', '1-1-xyz', '-1-1-1', '1-1-1a2b3c4d5', '']) {
    t.equal(pidOfInstance(text), undefined, text)
  }
})

t.test('it means one run: of a process that has ended, it is vanished', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnObedient(t)
  const { instance, pid } = await targetOf(targets, spawned)
  t.match(await targets.resolve(instance), { pid })
  const [, ticks, boot] = instance.split('-')
  for (const other of [`${pid}-1-${boot}`, `${pid}-${ticks}-00000000`]) {
    await t.rejects(targets.resolve(other), { code: 'target-vanished' }, other)
  }
  spawned.child.kill('SIGKILL')
  await spawned.waitForExit()
  await t.rejects(targets.resolve(instance), { code: 'target-vanished' })
})
