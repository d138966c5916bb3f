/** The two parts of a thread's samples of running code: where it used the processor, and where it was blocked. */
import type { CpuStacks, ThreadStacks } from './cpu-stacks.ts'

/** With its time on the processor only; as it was sampled where the thread's clock is not known. */
export function runningPart(thread: ThreadStacks): ThreadStacks {
  const { onCpu } = thread
  if (!onCpu) return thread
  const blocked = blockedSamples(thread)
  const selfSamples = thread.selfSamples.map((samples, stack) => samples - (blocked[stack] ?? 0))
  return { ...thread, selfSamples, selfUs: onCpu.us }
}

/** With samples only, as blocked time is no CPU time; undefined where there are none. */
export function blockedPart(thread: ThreadStacks): ThreadStacks | undefined {
  if (!thread.onCpu) return undefined
  const selfSamples = blockedSamples(thread)
  if (!selfSamples.some((samples) => samples > 0)) return undefined
  return { ...thread, selfSamples, selfUs: new Float64Array(thread.stackCount) }
}

/** A recording of which every thread has its running part only. */
export function runningStacks(stacks: CpuStacks): CpuStacks {
  return { ...stacks, threads: stacks.threads.map(runningPart) }
}

function blockedSamples({ onCpu, selfSamples, selfUs }: ThreadStacks): Float64Array {
  return selfSamples.map((samples, stack) => {
    const us = selfUs[stack] ?? 0
    const share = us > 0 ? (onCpu?.blockedUs[stack] ?? 0) / us : 0
    return Math.round(samples * Math.min(1, share))
  })
}
