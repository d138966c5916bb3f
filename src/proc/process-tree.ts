import { listPids } from './list-pids.ts'
import { readProcessStat } from './process-stat.ts'

/** All processes below one, children before their own children; none when it is gone. */
export async function descendantPids(pid: number, procRoot = '/proc'): Promise<readonly number[]> {
  const pids = await listPids(procRoot)
  const stats = await Promise.all(pids.map((each) => readProcessStat(each, procRoot)))
  const childrenOf = new Map<number, number[]>()
  for (const [index, stat] of stats.entries()) {
    if (stat === undefined) continue
    const siblings = childrenOf.get(stat.parentPid) ?? []
    siblings.push(pids[index] ?? 0)
    childrenOf.set(stat.parentPid, siblings)
  }
  const found: number[] = [...(childrenOf.get(pid) ?? [])]
  // The array grows while it is walked; a pid has one parent, so the walk ends.
  for (const each of found) found.push(...(childrenOf.get(each) ?? []))
  return found
}
