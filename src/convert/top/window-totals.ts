/** One window of one thread, summed by function: what `pprofd top` adds up. */
import type { CpuRecording } from '../cpu-recording.ts'
import {
  type CpuStacks,
  cpuStacks,
  cpuStacksWithSources,
  type ThreadStacks,
} from '../cpu-stacks.ts'
import type { Frame } from '../frame.ts'
import { functionTotals } from '../function-totals.ts'
import { eachSample } from '../sample-spans.ts'
import type { FindSources } from '../source-lookup.ts'

export interface WindowTotals {
  readonly durationUs: number
  /** Time in which the thread ran code or was blocked in it; the rest it waited for work. */
  readonly busyUs: number
  /** The longest stretch without a rest; one that began in the window before counts from there. */
  readonly longestStretchUs: number
  /** Of the stretch that goes on at the end; 0: the thread rested then. */
  readonly openStretchUs: number
  /** Every time there was a rest, the stretch ended; false: not one sample hit a rest. */
  readonly hasRested: boolean
  readonly functions: readonly FunctionTime[]
}

export interface FunctionTime {
  readonly frame: Frame
  readonly selfUs: number
  readonly totalUs: number
}

/** Code that pprofd evaluates (captures/profile-windows.ts, captures/in-target): no work of the target's. */
const ownScripts: ReadonlySet<string> = new Set(['pprofd:window', 'pprofd:in-target'])

/** `carriedUs`: `openStretchUs` of the window before. The recording holds one thread. */
export async function windowTotals(
  recording: CpuRecording,
  carriedUs: number,
  findSources?: FindSources | undefined,
): Promise<WindowTotals> {
  const stacks = findSources
    ? await cpuStacksWithSources(recording, findSources)
    : cpuStacks(recording)
  const [thread] = stacks.threads
  if (thread === undefined) throw new RangeError('the recording has no thread')
  const isOwn = ownStacks(thread, stacks.frames)
  const { busyUs, functions } = functionTotals({
    ...stacks,
    threads: [{ ...thread, selfUs: withoutOwn(thread, isOwn) }],
  })
  const { durationUs } = thread
  return { durationUs, busyUs, functions, ...stretches(thread, stacks, isOwn, carriedUs) }
}

/** By stack: whether its topmost frame is pprofd's code, or called by it. */
function ownStacks({ stackCount, parents, frames }: ThreadStacks, all: readonly Frame[]) {
  const isOwn = new Uint8Array(stackCount)
  for (let stack = 0; stack < stackCount; stack++) {
    const { file = '' } = all[frames[stack] ?? -1] ?? {}
    if (ownScripts.has(file) || isOwn[parents[stack] ?? -1] === 1) isOwn[stack] = 1
  }
  return isOwn
}

/** The time of such stacks is that of what they interrupted, if they did. */
function withoutOwn({ stackCount, parents, selfUs }: ThreadStacks, isOwn: Uint8Array) {
  const left = Float64Array.from(selfUs)
  for (let stack = stackCount - 1; stack >= 0; stack--) {
    if (isOwn[stack] !== 1) continue
    const parent = parents[stack] ?? -1
    if (parent >= 0) left[parent] = (left[parent] ?? 0) + (left[stack] ?? 0)
    left[stack] = 0
  }
  return left
}

function stretches(
  { profile, stackOf, frames: framesOf }: ThreadStacks,
  { frames, recording }: CpuStacks,
  isOwn: Uint8Array,
  carriedUs: number,
) {
  let openStretchUs = carriedUs
  let longestStretchUs = carriedUs
  let hasRested = false
  eachSample(profile, recording.samplingIntervalUs, (node, durationUs) => {
    const stack = stackOf[node] ?? -1
    if (stack < 0 || isOwn[stack] === 1) return
    if (frames[framesOf[stack] ?? -1]?.isIdle) {
      openStretchUs = 0
      hasRested = true
      return
    }
    openStretchUs += durationUs
    longestStretchUs = Math.max(longestStretchUs, openStretchUs)
  })
  return { openStretchUs, longestStretchUs, hasRested }
}
