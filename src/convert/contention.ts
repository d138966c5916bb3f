/** Where threads lost time to each other or to the kernel: what block and mutex profiles are made of. */
import type { CpuStacks, ThreadStacks } from './cpu-stacks.ts'

export type ContentionName = 'block' | 'mutex'

export interface Contention {
  readonly thread: ThreadStacks
  /** Index in the thread's stacks. */
  readonly stack: number
  readonly count: number
  readonly delayNs: number
  /** What the thread waited in, such as `read` or `futex`; of block only. */
  readonly wait?: string | undefined
}

export interface Contentions {
  readonly name: ContentionName
  readonly stacks: CpuStacks
  /** Of one thread and wait there is one for each stack. The longest delay first. */
  readonly all: readonly Contention[]
  /** One sentence each, for those who judge the numbers. */
  readonly comments: readonly string[]
}

/** A comment where some had begun before the recording, or had not ended after it. */
export function describeOpen(count: number): readonly string[] {
  if (count === 0) return []
  return [`open: ${count} of them reach beyond the recording and count with what is known of them`]
}

/** Adds up by thread, stack and wait. */
export class ContentionSums {
  readonly #sums = new Map<string, { -readonly [key in keyof Contention]: Contention[key] }>()

  add(contention: Contention): void {
    const { thread, stack, wait = '', count, delayNs } = contention
    const key = `${thread.pid} ${stack} ${thread.thread}\0${wait}`
    const known = this.#sums.get(key)
    if (!known) {
      this.#sums.set(key, { ...contention })
      return
    }
    known.count += count
    known.delayNs += delayNs
  }

  /** The longest delay first. */
  sorted(): readonly Contention[] {
    return [...this.#sums.values()].sort((a, b) => b.delayNs - a.delayNs || b.count - a.count)
  }
}
