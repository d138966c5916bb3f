/**
 * What a thread of a Node process is for, by its kernel name and its place among the others: seen on
 * Node 18 to 26. Node names its threads since version 22, and all of them since 24; before, they are
 * called like the executable, and what tells is the order in which Node starts them:
 * main, DelayedTaskScheduler, V8 workers (--v8-pool-size, 4), SignalInspector, then, when they are
 * first needed, libuv's pool (UV_THREADPOOL_SIZE, 4), worker threads and the inspector's own.
 */

export type ThreadRole =
  /** The main thread. */
  | 'main'
  /** A worker thread (node:worker_threads). */
  | 'worker'
  /** V8's pool: compilation, garbage collection; also its scheduler of delayed tasks. */
  | 'v8-worker'
  | 'v8-delayed-tasks'
  /** The thread that samples for a CPU profile, ours or another's. */
  | 'sampler'
  | 'libuv-pool'
  /** It waits for events, so it is one of these; Node before 24 does not name them. */
  | 'worker-or-inspector'
  /** Waits for SIGUSR1. */
  | 'signal-inspector'
  /** Serves the inspector's connections. */
  | 'inspector'
  /** One that an addon started, or that cannot be told. */
  | 'other'

/** How people read of it. */
export const roleNames: Readonly<Record<ThreadRole, string>> = {
  main: '(main thread)',
  worker: '(worker thread)',
  'v8-worker': '(V8 worker threads)',
  'v8-delayed-tasks': '(V8 delayed tasks thread)',
  sampler: "(V8's CPU profiler thread)",
  'libuv-pool': '(libuv thread pool)',
  'worker-or-inspector': '(worker or inspector thread)',
  'signal-inspector': '(SIGUSR1 thread)',
  inspector: '(inspector thread)',
  other: '(other native threads)',
}

export interface NamedThread {
  readonly tid: number
  readonly comm: string
  /** Clock ticks between boot and its start; undefined where unknown. */
  readonly startTimeTicks?: number | undefined
  /** The system call that it is in, where it is known. */
  readonly syscall?: string | undefined
}

const byName: readonly (readonly [RegExp, ThreadRole])[] = [
  [/^v8:ProfEvntProc/, 'sampler'],
  [/^(node-)?V8Worker/, 'v8-worker'],
  [/^DelayedTaskSche/, 'v8-delayed-tasks'],
  [/^(node-)?libuv-worker/, 'libuv-pool'],
  [/^(node-)?SignalInspector/, 'signal-inspector'],
  [/^(node-)?Inspector/, 'inspector'],
  [/^(node-)?WorkerThread/, 'worker'],
]

/** Threads that Node starts first of all, always in this order; V8 workers follow them. */
const startOrder: readonly ThreadRole[] = ['main', 'v8-delayed-tasks']

/** libuv's default of UV_THREADPOOL_SIZE. */
const poolSize = 4

export interface RoleHints {
  /** Tids of threads that are known to be workers. */
  readonly workers?: ReadonlySet<number> | undefined
  /** Size of V8's pool, where it is known; Node's default is 4. */
  readonly v8PoolSize?: number | undefined
}

/** The role of each thread, by tid. `threads` are all of the process, in order of their tids. */
export function threadRoles(
  pid: number,
  threads: readonly NamedThread[],
  { workers = new Set(), v8PoolSize = 4 }: RoleHints = {},
): ReadonlyMap<number, ThreadRole> {
  const mainName = threads.find(({ tid }) => tid === pid)?.comm
  const roles = new Map<number, ThreadRole>()
  // Without names of its own, Node's first threads are told by their order.
  const isSignal = 2 + v8PoolSize
  const areNamed = threads.some(({ comm }) => /^(node-)?V8Worker/.test(comm))
  for (const [index, { tid, comm }] of threads.entries()) {
    const named = byName.find(([pattern]) => pattern.test(comm))?.[1]
    if (tid === pid) roles.set(tid, 'main')
    else if (workers.has(tid)) roles.set(tid, 'worker')
    else if (named) roles.set(tid, named)
    else if (areNamed || comm !== mainName) roles.set(tid, 'other')
    else if (index < startOrder.length) roles.set(tid, startOrder[index] ?? 'other')
    else if (index < isSignal) roles.set(tid, 'v8-worker')
    else if (index === isSignal) roles.set(tid, 'signal-inspector')
    else roles.set(tid, 'other')
  }
  if (!areNamed) tellUnnamed(threads, roles)
  return roles
}

/** libuv's pool starts as a whole, and waits in a futex; whoever waits in epoll has an event loop. */
function tellUnnamed(threads: readonly NamedThread[], roles: Map<number, ThreadRole>): void {
  const unknown = threads.filter(({ tid }) => roles.get(tid) === 'other')
  const hasLoop = ({ syscall }: NamedThread) => /^epoll/.test(syscall ?? '')
  for (const thread of unknown) if (hasLoop(thread)) roles.set(thread.tid, 'worker-or-inspector')
  for (let first = 0; first + poolSize <= unknown.length; first++) {
    const pool = unknown.slice(first, first + poolSize)
    const starts = pool.map(({ startTimeTicks = Number.NaN }) => startTimeTicks)
    const startedAtOnce = Math.max(...starts) - Math.min(...starts) <= 1
    if (!startedAtOnce || pool.some(hasLoop)) continue
    for (const { tid } of pool) roles.set(tid, 'libuv-pool')
    return
  }
}
