/** The threads of a target and what each is for, told from outside. */
import { threadRoles } from '../proc/thread-role.ts'
import { readThreadStates } from '../proc/thread-state.ts'
import { readThreadTimes } from '../proc/thread-times.ts'
import { purposeOf, type ThreadPurpose, v8PoolSize } from './process-times.ts'
import type { Target } from './target.ts'

export type TargetThreads = readonly TargetThread[]

export interface TargetThread extends ThreadPurpose {
  readonly tid: number
  /** The tid as the thread itself sees it, in its own pid namespace. */
  readonly innermostTid: number
  /** Kernel name, at most 15 bytes. */
  readonly comm: string
  /** Clock ticks between boot and the thread's start: tells two uses of a tid apart. */
  readonly startTimeTicks: number
}

/** `workers`: tids, as the threads themselves see them, of those that are known to be worker threads. */
export async function targetThreads(
  { pid, argv }: Target,
  procRoot: string,
  workers: ReadonlySet<number> = new Set(),
): Promise<TargetThreads | undefined> {
  if (pid === 0) return undefined
  const [threads, states] = await Promise.all([
    readThreadTimes(pid, procRoot),
    readThreadStates(pid, procRoot),
  ])
  if (threads.length === 0) return undefined
  const syscalls = new Map(states.map(({ tid, syscall }) => [tid, syscall]))
  const isWorker = threads.filter(({ innermostTid }) => workers.has(innermostTid))
  const roles = threadRoles(
    pid,
    threads.map((thread) => ({ ...thread, syscall: syscalls.get(thread.tid) })),
    { workers: new Set(isWorker.map(({ tid }) => tid)), v8PoolSize: v8PoolSize(argv) },
  )
  return threads.map(({ tid, innermostTid, comm, startTimeTicks }) => {
    const role = roles.get(tid) ?? 'other'
    const purpose = purposeOf(role, comm, threads[0]?.comm)
    return { tid, innermostTid, comm, startTimeTicks, ...purpose }
  })
}
