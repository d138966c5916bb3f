import t from 'tap'
import { recordCpu } from '../../src/captures/cpu.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { newTargets } from '../targets/new-targets.ts'

t.test('a target whose configuration allows no CPU profile is not touched', async (t) => {
  const { pid, stderr } = await spawnTarget(t, 'idle.cjs')
  const entry = { name: 'billing', pid, enabled: true, signal: true }
  const options = { durationMs: 50, hz: 100 }

  const closed = newTargets(t, { configured: [{ ...entry, profiles: [] }] })
  for (const selector of ['billing', String(pid)]) {
    const target = await closed.resolve(selector)
    await t.rejects(recordCpu(closed, target, options), {
      code: 'target-forbidden',
      message: 'the configuration allows no profile of billing: profile is not among its profiles',
    })
  }
  t.notMatch(stderr.text(), /Debugger/)
})
