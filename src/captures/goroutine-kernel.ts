/** A thread that does not answer, as the kernel sees it: it is inside native code, or stopped. */
import type { KernelView } from '../targets/kernel-view.ts'
import type { Draft } from './draft-entries.ts'

export type KernelThread = KernelView['threads'][number]

/** Kernel names of threads that run no JavaScript: V8's, libuv's and the inspector's own. */
const helperNames = /^(node-)?(V8Worker|DelayedTaskSche|SignalInspector|libuv-worker|Inspector)/

/**
 * The thread of a worker that has never answered. Node 24 and later give threads the worker's name;
 * otherwise it is known where only one thread is inside a call that no waiting thread of Node is in.
 */
export function threadOfWorker(
  thread: string,
  { threads }: KernelView,
  pid: number,
  known: ReadonlySet<number>,
): KernelThread | undefined {
  const free = threads.filter(
    ({ tid, comm }) => tid !== pid && !known.has(tid) && !helperNames.test(comm),
  )
  const name = thread.replace(/#\d+$/, '').slice(0, 15)
  const named = free.filter(({ comm }) => comm === name)
  if (named.length === 1) return named[0]
  const busy = free.filter(({ syscall }) => !/^(futex|epoll_p?wait2?)$/.test(syscall ?? ''))
  return busy.length === 1 ? busy[0] : undefined
}

/**
 * Whether the main thread may be in an idle event loop. It looks the same while it waits for a child
 * process in spawnSync and execSync.
 */
export function mayBeIdle(
  { syscall, state }: KernelThread,
  children: KernelView['children'],
): boolean {
  const isUnknown = syscall === undefined && state === 'S'
  return (isUnknown || /^epoll/.test(syscall ?? '')) && children.length === 0
}

/** `kernel`: undefined where its thread is not known, or there is no /proc. */
export function blockedDraft(
  kernel: KernelThread | undefined,
  children: KernelView['children'],
): Draft {
  const running = children.map(({ pid, arguments: words }) =>
    `child ${pid} ${words.join(' ')}`.trim().slice(0, 200),
  )
  return {
    kind: 'running',
    state: kernel?.state === 'T' ? 'stopped' : 'blocked in native code',
    count: 1,
    stack: [],
    waitsFor: [kernelWords(kernel), ...running].join('; '),
  }
}

function kernelWords(kernel: KernelThread | undefined): string {
  if (kernel === undefined) return 'its kernel thread is unknown'
  const { state, syscall, fileDescriptor, file, waitChannel } = kernel
  if (state === 'R') return 'it uses the processor'
  const descriptor = fileDescriptor === undefined ? '' : ` of fd ${fileDescriptor}`
  const place = file === undefined ? '' : ` (${file})`
  const call = syscall === undefined ? `state ${state}` : `${syscall}${descriptor}${place}`
  return waitChannel === undefined ? call : `${call}, kernel function ${waitChannel}`
}
