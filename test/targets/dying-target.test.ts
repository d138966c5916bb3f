import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { OperationalError } from '../../src/errors.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { newTargets } from './new-targets.ts'

/** From before the signal until after the session is there: an attach takes 30 to 200 ms. */
const killedAfterMs = [0, 10, 20, 30, 45, 60, 80, 100, 130, 160]

t.test(
  'a target that is killed at any moment of an attach has vanished, nothing else',
  async (t) => {
    const outcomes = await Promise.all(
      killedAfterMs.map(async (afterMs) => {
        const spawned = await spawnTarget(t, 'idle.cjs', { nodeArguments: ['--inspect-port=0'] })
        const targets = newTargets(t)
        const target = await targets.resolve(String(spawned.pid))
        const attaching = targets.attach(target).then(
          () => 'attached',
          (error: unknown) => (error instanceof OperationalError ? error.code : String(error)),
        )
        await delay(afterMs)
        spawned.child.kill('SIGKILL')
        return attaching
      }),
    )
    const unexpected = outcomes.filter((one) => one !== 'attached' && one !== 'target-vanished')
    t.strictSame(unexpected, [])
    t.ok(outcomes.includes('target-vanished'), 'some were killed in time')
  },
)
