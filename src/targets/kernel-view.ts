/** What the kernel knows of a target that does not answer: its threads and the processes it started. */
import {
  type ChildProcess,
  readChildren,
  readThreadStates,
  type ThreadState,
} from '../proc/thread-state.ts'
import type { Target } from './target.ts'

export interface KernelView {
  readonly threads: readonly ThreadState[]
  readonly children: readonly ChildProcess[]
}

/** Empty for a target that is known by its port only. */
export async function kernelView({ pid }: Target, procRoot: string): Promise<KernelView> {
  if (pid === 0) return { threads: [], children: [] }
  const [threads, children] = await Promise.all([
    readThreadStates(pid, procRoot),
    readChildren(pid, procRoot),
  ])
  return { threads, children }
}
