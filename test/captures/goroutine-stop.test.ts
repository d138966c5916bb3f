import { readFileSync } from 'node:fs'
import t from 'tap'
import { recordGoroutines } from '../../src/captures/goroutine.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { isAsBefore, newTargets, targetOf } from '../targets/new-targets.ts'
import { assertSeen, expectationsOf } from './zoo.ts'

t.setTimeout(60_000)

t.test('a target that may be stopped is read once, and goes on', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnTarget(t, 'zoo-awaits.cjs', { nodeArguments: ['--inspect-port=0'] })
  const target = await targetOf(targets, spawned)
  const recording = await recordGoroutines(targets, target, { stop: true, budgetMs: 500 })
  t.equal(recording.census, 'exact')
  t.match(recording.notes, [/^the target was stopped for \d+ ms$/])
  assertSeen(t, recording, expectationsOf(spawned))
  t.match(readFileSync(`/proc/${spawned.pid}/stat`, 'utf8'), /\) [SR] /)
  await isAsBefore(t, spawned)
})

t.test('pprofd does not stop itself', async (t) => {
  const targets = newTargets(t)
  const self = await targets.resolve('self')
  const { census, notes } = await recordGoroutines(targets, self, { stop: true })
  t.equal(census, 'exact', notes.join('; '))
})
