/** How much CPU the threads of a target have used, and what each is for. */
import { roleNames, type ThreadRole, threadRoles } from '../proc/thread-role.ts'
import { readProcessCpuUs, readThreadTimes, type ThreadTime } from '../proc/thread-times.ts'
import type { Target } from './target.ts'

export interface ThreadPurpose {
  readonly role: ThreadRole
  /** Such as `(V8 worker threads)`. */
  readonly roleName: string
}

export interface ProcessTimes {
  readonly threads: readonly (ThreadTime & ThreadPurpose)[]
  /** CPU time of the process, with threads that ended; in steps of 10 ms. */
  readonly processUsedUs: number
}

/** Undefined for a target that is known by its port only, and one that is gone. */
export async function processTimes(
  { pid, argv }: Target,
  procRoot: string,
): Promise<ProcessTimes | undefined> {
  if (pid === 0) return undefined
  const [threads, processUsedUs] = await Promise.all([
    readThreadTimes(pid, procRoot),
    readProcessCpuUs(pid, procRoot),
  ])
  if (threads.length === 0 || processUsedUs === undefined) return undefined
  const roles = threadRoles(pid, threads, { v8PoolSize: v8PoolSize(argv) })
  return {
    threads: threads.map((thread) => {
      const role = roles.get(thread.tid) ?? 'other'
      return { ...thread, ...purposeOf(role, thread.comm, threads[0]?.comm) }
    }),
    processUsedUs,
  }
}

/** A thread that an addon named keeps its name; on Node 24 and later a busy worker's is told so, too. */
export function purposeOf(
  role: ThreadRole,
  comm: string,
  mainComm: string | undefined,
): ThreadPurpose {
  const isNamed = role === 'other' && comm !== mainComm
  return { role, roleName: isNamed ? `(thread ${comm})` : roleNames[role] }
}

/** Undefined: Node's default. */
export function v8PoolSize(argv: readonly string[]): number | undefined {
  const text = argv.map((word) => /^--v8-pool-size=(\d+)$/.exec(word)?.[1]).find(Boolean)
  return text === undefined ? undefined : Number(text)
}
