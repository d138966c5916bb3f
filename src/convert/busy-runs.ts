/**
 * Runs of samples without idle: as long as one lasts the thread holds its event loop, and everything
 * else that is for it waits. V8 tells idle by marks that Node sets around the loop's wait for events.
 */
import type { CpuStacks, ThreadStacks } from './cpu-stacks.ts'
import { eachSample } from './sample-spans.ts'

export interface BusyRun {
  /** Without time that no sample stands for. */
  readonly durationUs: number
  /** Time of each stack in it, in order of appearance. */
  readonly stackUs: ReadonlyMap<number, number>
  /** It had begun when recording began, or had not ended when it ended. */
  readonly isOpen: boolean
}

/** All runs of a thread; a pause that is shorter than the time between two samples may be missed. */
export function busyRuns(
  thread: ThreadStacks,
  frames: CpuStacks['frames'],
  samplingIntervalUs: number,
): readonly BusyRun[] {
  const runs: BusyRun[] = []
  let stackUs = new Map<number, number>()
  let hasSeenIdle = false
  const end = (isOpen: boolean) => {
    const durationUs = [...stackUs.values()].reduce((sum, us) => sum + us, 0)
    if (durationUs > 0) runs.push({ durationUs, stackUs, isOpen })
    stackUs = new Map()
  }
  eachSample(thread.profile, samplingIntervalUs, (node, durationUs) => {
    const stack = thread.stackOf[node] ?? -1
    // V8's `(root)`: no stack was found, which says neither idle nor busy.
    if (stack < 0) return
    if (frames[thread.frames[stack] ?? -1]?.isIdle) {
      end(!hasSeenIdle)
      hasSeenIdle = true
    } else stackUs.set(stack, (stackUs.get(stack) ?? 0) + durationUs)
  })
  end(true)
  return runs
}
