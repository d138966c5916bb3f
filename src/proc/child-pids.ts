import { readProcFile } from './proc-file.ts'
import { readProcessStat } from './process-stat.ts'
import { descendantPids } from './process-tree.ts'

/**
 * The processes that the main thread of a process started and that still run (proc_pid_task(5)).
 * Kernels without CONFIG_PROC_CHILDREN, and gVisor, have no list of them: there all processes are asked.
 */
export async function childPids(pid: number, procRoot = '/proc'): Promise<readonly number[]> {
  const text = await readProcFile(`${procRoot}/${pid}/task/${pid}/children`)
  if (text !== undefined) return text.split(' ').filter(Boolean).map(Number)
  const below = await descendantPids(pid, procRoot)
  const stats = await Promise.all(below.map((each) => readProcessStat(each, procRoot)))
  return below.filter((_, index) => stats[index]?.parentPid === pid)
}
