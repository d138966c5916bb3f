// What becomes of a snapshot whose census is refused.
import t, { type Test } from 'tap'
import type { CensusOutcome } from '../../src/captures/goroutine-census.ts'
import {
  readSuspended,
  type SuspendedOptions,
  type SuspendedWork,
} from '../../src/captures/goroutine-suspended.ts'
import { CaptureError, TargetError } from '../../src/errors.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { newTargets, targetOf } from '../targets/new-targets.ts'

t.setTimeout(60_000)

const refused = new CaptureError(
  'census-refused',
  'the memory of process 7 may not be read (EACCES)',
)

async function read(
  t: Test,
  refusal: CaptureError | TargetError,
  options: SuspendedOptions = {},
): Promise<SuspendedWork> {
  const targets = newTargets(t)
  const spawned = await spawnTarget(t, 'zoo-awaits.cjs', { nodeArguments: ['--inspect-port=0'] })
  const attachment = await targets.attach(await targetOf(targets, spawned))
  const outcome: CensusOutcome = { refusal }
  try {
    return await readSuspended(targets, attachment, Promise.resolve(outcome), [], options)
  } finally {
    await attachment.detach()
  }
}

t.test('where the memory may not be read, the promises tell', async (t) => {
  const { kind, drafts, notes, costMs } = await read(t, refused)
  t.equal(kind, 'promises')
  t.match(notes, [/^no census: the memory of process 7 may not be read/, /an upper bound/])
  t.ok(drafts.some(({ stack }) => stack[0]?.function === 'chainLeaf'))
  t.ok(costMs > 0)
})

t.test('but not where that would stop the target for too long', async (t) => {
  const { kind, drafts, notes } = await read(t, refused, { maxPauseMs: 1 })
  t.equal(kind, 'none')
  t.strictSame(drafts, [])
  t.match(notes, [/^no census: /, /listing them stops it for about \d+ ms: promises=1$/])
})

t.test('too much memory is told with what it would need', async (t) => {
  const error = new CaptureError('memory-too-large', 'the heaps have 9 MB', { tryNext: 'maxmem=9' })
  const { kind, notes } = await read(t, error)
  t.equal(kind, 'none')
  t.strictSame(notes, ['suspended functions are missing: the heaps have 9 MB (maxmem=9 allows it)'])
})

t.test('a target that has ended is no refusal, and neither is one that is given up', async (t) => {
  const ended = new TargetError('target-vanished', 'process 7 has ended')
  await t.rejects(read(t, ended), { code: 'target-vanished' })
  const given = new CaptureError('capture-aborted', 'the census was given up')
  await t.rejects(read(t, given, { signal: AbortSignal.abort() }), { code: 'capture-aborted' })
})
