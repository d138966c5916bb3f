import t, { type Test } from 'tap'
import { readProcessStat } from '../../src/proc/process-stat.ts'
import { InspectorFinder } from '../../src/targets/find-inspector.ts'
import { Ledger } from '../../src/targets/ledger.ts'
import { SignalReadiness } from '../../src/targets/signal-readiness.ts'
import { temporaryFolder } from '../proc/temporary-folder.ts'
import { isAsBefore, newTargets, obey, spawnObedient, targetOf, until } from './new-targets.ts'

async function waiting(t: Test) {
  const ledger = new Ledger(temporaryFolder(t))
  const finder = new InspectorFinder('/proc')
  const readiness = new SignalReadiness({ procRoot: '/proc', finder, ledger })
  const spawned = await spawnObedient(t)
  const target = await targetOf(newTargets(t), spawned)
  const prepared = await readiness.prepare(target, 0)
  t.match(await ledger.drafts(), [{ pid: spawned.pid }])
  t.strictSame(await ledger.entries(), [], 'while it waits there is nothing to close')
  return { ledger, readiness, spawned, target, prepared }
}

t.test('what was prepared counts from the last step before the signal', async (t) => {
  const { ledger, readiness, spawned, target, prepared } = await waiting(t)
  t.equal(await readiness.judge(target, prepared, 0), undefined, 'it may be signalled')
  await readiness.enterLedger(target, 0, prepared)
  t.match(await ledger.entries(), [{ pid: spawned.pid }])
  t.strictSame(await ledger.drafts(), [])
})

t.test('an inspector that was opened meanwhile is not written down as ours', async (t) => {
  const { ledger, readiness, spawned, target, prepared } = await waiting(t)
  await obey(spawned, "require('node:inspector').open(0)")
  t.ok(await readiness.judge(target, undefined, 0), 'it is found')
  // As after a turn that came late.
  const late = prepared && { ...prepared, atMs: -Infinity }
  t.ok(await readiness.judge(target, late, 0))
  t.strictSame(await ledger.drafts(), [])
  t.strictSame(await ledger.entries(), [])
})

t.test('nor is a process that may not be signalled any more', async (t) => {
  const { ledger, readiness, spawned, target, prepared } = await waiting(t)
  spawned.child.kill('SIGSTOP')
  t.ok(await until(async () => (await readProcessStat(spawned.pid))?.state === 'T'))
  await t.rejects(readiness.judge(target, prepared, 0), { code: 'target-refused' })
  t.strictSame(await ledger.drafts(), [])
  spawned.child.kill('SIGCONT')
  await isAsBefore(t, spawned)
})
