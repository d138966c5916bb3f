/** Time of functions, summed over all stacks and threads; recursion counts once. */
import type { CpuStacks, ThreadStacks } from './cpu-stacks.ts'
import type { Frame } from './frame.ts'

export interface FunctionTotals {
  readonly frame: Frame
  readonly selfUs: number
  /** With what it called. */
  readonly totalUs: number
  /** Who called it, the largest first, with the part of `totalUs` that came by way of them. */
  readonly callers: readonly { readonly frame: Frame; readonly us: number }[]
}

export interface Totals {
  /** Time of all threads in which code ran. */
  readonly busyUs: number
  readonly threadBusyUs: readonly number[]
  /** Without `(idle)`, and only functions that were in some sample. */
  readonly functions: FunctionTotals[]
}

interface Sums {
  readonly selfUs: Float64Array
  readonly totalUs: Float64Array
  readonly callers: (Map<number, number> | undefined)[]
}

export function functionTotals({ frames, threads }: CpuStacks): Totals {
  const sums: Sums = {
    selfUs: new Float64Array(frames.length),
    totalUs: new Float64Array(frames.length),
    callers: [],
  }
  const threadBusyUs = threads.map((thread) => addThread(sums, thread, frames))
  const functions = frames.flatMap((frame, index) => {
    const totalUs = sums.totalUs[index] ?? 0
    if (totalUs === 0) return []
    const callers = [...(sums.callers[index] ?? [])].flatMap(([caller, us]) => {
      const callerFrame = frames[caller]
      return callerFrame && us > 0 ? [{ frame: callerFrame, us }] : []
    })
    callers.sort((a, b) => b.us - a.us)
    return [{ frame, selfUs: sums.selfUs[index] ?? 0, totalUs, callers }]
  })
  return { busyUs: threadBusyUs.reduce((a, b) => a + b, 0), threadBusyUs, functions }
}

/** Returns the time in which the thread ran code. */
function addThread(sums: Sums, thread: ThreadStacks, frames: readonly Frame[]): number {
  const subtreeUs = Float64Array.from(thread.selfUs)
  let busyUs = 0
  // Children come after their parents, so from the end every subtree is complete when it is read.
  for (let stack = thread.stackCount - 1; stack >= 0; stack--) {
    const parent = thread.parents[stack] ?? -1
    if (parent >= 0) subtreeUs[parent] = (subtreeUs[parent] ?? 0) + (subtreeUs[stack] ?? 0)
  }
  for (let stack = 0; stack < thread.stackCount; stack++) {
    const frame = thread.frames[stack] ?? -1
    if (frames[frame]?.isIdle) continue
    const selfUs = thread.selfUs[stack] ?? 0
    const us = subtreeUs[stack] ?? 0
    busyUs += selfUs
    sums.selfUs[frame] = (sums.selfUs[frame] ?? 0) + selfUs
    if (us === 0 || isRecursion(thread, stack, frame)) continue
    sums.totalUs[frame] = (sums.totalUs[frame] ?? 0) + us
    const parent = thread.parents[stack] ?? -1
    if (parent < 0) continue
    const caller = thread.frames[parent] ?? -1
    const callers = sums.callers[frame] ?? new Map<number, number>()
    sums.callers[frame] = callers
    callers.set(caller, (callers.get(caller) ?? 0) + us)
  }
  return busyUs
}

/** Whether the same function is already further down in that stack. */
function isRecursion({ parents, frames }: ThreadStacks, stack: number, frame: number): boolean {
  for (let at = parents[stack] ?? -1; at >= 0; at = parents[at] ?? -1) {
    if (frames[at] === frame) return true
  }
  return false
}
