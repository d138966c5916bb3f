// A real control group with a small limit, where this user may make one.
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { captureHeapSnapshot } from '../../src/captures/heap-snapshot.ts'
import { findMemoryCgroup } from '../../src/proc/mounted-cgroups.ts'
import { isAsBefore, newTargets, targetOf, until } from '../targets/new-targets.ts'
import { checkSnapshot, collector, spawnWithHeap } from './heap-snapshots.ts'

/** Above what a snapshot of an empty program takes, below what one may take. */
const limitBytes = 64 * 1024 * 1024

const group = await makeGroup()
const skip = group === undefined ? 'no control group can be made here' : false

t.test('a group with too little memory left refuses, unless forced', { skip }, async (t) => {
  const spawned = await spawnWithHeap(t, 0)
  writeFileSync(join(group ?? '', 'cgroup.procs'), String(spawned.pid))
  const targets = newTargets(t)
  const target = await targetOf(targets, spawned)
  const { cgroup } = await targets.memory(target)
  t.equal(cgroup?.limitBytes, limitBytes)
  const { write, bytes } = collector()
  await t.rejects(captureHeapSnapshot(targets, target, { kind: 'heapsnapshot', write }), {
    code: 'capture-too-costly',
    message: /own memory, and its control group leaves it \d+ MB; force=1 takes it all the same$/,
  })
  await captureHeapSnapshot(targets, target, { kind: 'heapsnapshot', write, force: true })
  checkSnapshot(t, bytes())
  await isAsBefore(t, spawned)
})

/** Its folder; undefined where there can be none. */
async function makeGroup(): Promise<string | undefined> {
  const own = await findMemoryCgroup(process.pid)
  const root = own?.folders.at(-1)
  if (root === undefined) return undefined
  const folder = join(root, `pprofd-test-${process.pid}`)
  try {
    mkdirSync(folder)
  } catch {
    return undefined
  }
  t.teardown(async () => {
    await until(() => readFileSync(join(folder, 'cgroup.procs'), 'utf8') === '')
    rmdirSync(folder)
  })
  const limit = join(folder, own?.version === 1 ? 'memory.limit_in_bytes' : 'memory.max')
  if (!existsSync(limit)) return undefined
  writeFileSync(limit, String(limitBytes))
  return folder
}
