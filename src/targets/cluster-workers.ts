/** The workers of a cluster primary: Node passes a SIGUSR1 of the primary on to them. */
import { childPids } from '../proc/child-pids.ts'
import { readExecutable } from '../proc/executable.ts'
import { readEnvironmentVariable } from '../proc/process-command.ts'
import { readProcessStatus } from '../proc/process-status.ts'
import { readTarget } from './discovery.ts'
import { judgeSignal } from './signal-disposition.ts'
import type { Check, Target } from './target.ts'

/** Empty for every process that is no cluster primary. */
export async function clusterWorkers(pid: number, procRoot: string): Promise<readonly Target[]> {
  const children = await childPids(pid, procRoot)
  const workers = await Promise.all(children.map((child) => workerTarget(child, procRoot)))
  return workers.filter((worker) => worker !== undefined)
}

/** A worker that would not survive the signal is a reason not to signal its primary. */
export async function checkWorkers(pid: number, procRoot: string): Promise<Check> {
  const name = 'workers'
  const workers = await clusterWorkers(pid, procRoot)
  for (const worker of workers) {
    const status = await readProcessStatus(worker.pid, procRoot)
    if (status === undefined || !judgeSignal(worker.pid, status, []).wouldKill) continue
    const detail = `Node passes SIGUSR1 on to cluster workers, and it would kill worker ${worker.pid}`
    return { name, ok: false, detail }
  }
  const count = workers.length
  const detail =
    count === 0 ? 'no cluster workers' : `${count} cluster workers, which handle SIGUSR1 too`
  return { name, ok: true, detail }
}

/** `cluster.fork` sets NODE_UNIQUE_ID; where the environment is unreadable, any Node child counts. */
async function workerTarget(pid: number, procRoot: string): Promise<Target | undefined> {
  const executable = await readExecutable(pid, procRoot)
  if (executable === undefined || executable.runtime === 'other') return undefined
  const uniqueId = await readEnvironmentVariable(pid, 'NODE_UNIQUE_ID', procRoot, '')
  return uniqueId === undefined ? undefined : readTarget(pid, procRoot)
}
