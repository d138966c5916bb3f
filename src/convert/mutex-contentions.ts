/**
 * Go's mutex profile blames whoever holds a lock while others wait. In Node the lock is a thread's event
 * loop, and its holders are the stacks of a run without idle that lasts longer than a threshold: one
 * contention, whose delay is what the run lasts beyond the threshold.
 *
 * The delay is spread over the run's stacks by their time in it. The contention itself counts for the
 * leading stack, which had the most, so that counts are whole and add up to the number of runs.
 */
import { type BusyRun, busyRuns } from './busy-runs.ts'
import { ContentionSums, type Contentions, describeOpen } from './contention.ts'
import type { CpuStacks, ThreadStacks } from './cpu-stacks.ts'
import { clockOffsetUs, describeLooks, looksAt, type WatchedThreads } from './thread-looks.ts'

export function mutexContentions(
  stacks: CpuStacks,
  watched: WatchedThreads,
  thresholdMs: number,
): Contentions {
  const { recording, threads } = stacks
  const offsetUs = clockOffsetUs(stacks, watched)
  const sums = new ContentionSums()
  let count = 0
  let openCount = 0
  for (const thread of threads) {
    for (const run of busyRuns(thread, stacks, looksAt(thread.thread, watched, offsetUs))) {
      if (run.durationUs <= thresholdMs * 1000) continue
      addRun(sums, thread, run, thresholdMs)
      count++
      if (run.isOpen) openCount++
    }
  }
  return {
    name: 'mutex',
    stacks,
    all: sums.sorted(),
    comments: [
      `contention: a run without idle of more than ${thresholdMs} ms, ${count} in all; delay is what it lasts beyond that`,
      `resolution: a rest shorter than ${recording.samplingIntervalUs / 1000} ms between two runs may be missed, which makes them one`,
      ...describeLooks(stacks, watched, offsetUs),
      ...describeOpen(openCount),
    ],
  }
}

function addRun(
  sums: ContentionSums,
  thread: ThreadStacks,
  { durationUs, stackUs }: BusyRun,
  thresholdMs: number,
): void {
  const leading = [...stackUs].reduce((a, b) => (b[1] > a[1] ? b : a))[0]
  const delayNs = Math.round(durationUs * 1000 - thresholdMs * 1e6)
  let upToUs = 0
  let givenNs = 0
  // The differences of rounded running totals: nothing is lost by rounding.
  for (const [stack, us] of stackUs) {
    upToUs += us
    const shareNs = Math.round((delayNs * upToUs) / durationUs) - givenNs
    givenNs += shareNs
    sums.add({ thread, stack, count: stack === leading ? 1 : 0, delayNs: shareNs })
  }
}
