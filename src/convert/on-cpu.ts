/**
 * Which part of a thread's sampled time it used the processor. V8's samples say where a thread was;
 * its kernel clock, read every 50 ms meanwhile, says how much it used. Where samples of running code
 * stand for more than that, the thread waited: blocked in native code (a synchronous read, a child
 * process, Atomics.wait), or queued for a processor.
 */
import type { CpuProfile } from './cpu-profile.ts'
import type { CpuTime } from './cpu-recording.ts'
import { eachSample } from './sample-spans.ts'

export interface OnCpu {
  /** Of each stack: time on a processor, and time blocked. Together with time queued they are what was sampled. */
  readonly us: Float64Array
  readonly blockedUs: Float64Array
  /** What the kernel says that the thread used, idle included, while it was watched. */
  readonly usedUs: number
  /** What samples of running code stand for, in the same time. */
  readonly sampledUs: number
  /** How long the thread was watched. */
  readonly watchedUs: number
}

export interface OnCpuInput {
  readonly profile: CpuProfile
  readonly samplingIntervalUs: number
  readonly times: readonly CpuTime[]
  readonly stackCount: number
  /** Index of the stack of each of the profile's nodes. */
  readonly stackOf: Int32Array
  /** By stack: whether the thread waits in its event loop there; whether it runs native code. */
  readonly isIdle: (stack: number) => boolean
  readonly isNative: (stack: number) => boolean
}

/** From one reading of the thread's clock to the next. */
interface Window {
  readonly fromUs: number
  readonly toUs: number
  readonly usedUs: number
  readonly queuedUs: number
  /** Whether the recording covers all of it. */
  readonly isWhole: boolean
  busyUs: number
  nativeUs: number
}

/** The kernel brings a running thread's clock up to date once a tick, of 1 to 10 ms. */
const clockErrorUs = 5000

/** Of so many intervals of the sampler at least, so that chance is small against what is compared. */
const intervalsOfWindow = 10

/** Standard deviations that are chance: one in a thousand deficits beyond them is. */
const chanceDeviations = 3

/** Undefined where the clock tells nothing about this recording. */
export function onCpu(input: OnCpuInput): OnCpu | undefined {
  const { stackCount, stackOf, isIdle, isNative } = input
  const windows = windowsOf(input)
  if (!windows.some(({ isWhole }) => isWhole)) return undefined
  eachOverlap(input, windows, (node, us, window) => {
    const stack = stackOf[node] ?? -1
    if (stack < 0 || isIdle(stack) || !window) return
    window.busyUs += us
    if (isNative(stack)) window.nativeUs += us
  })
  const us = new Float64Array(stackCount)
  const blockedUs = new Float64Array(stackCount)
  const intervalUs = meanIntervalUs(input)
  const shares = new Map(windows.map((window) => [window, sharesOf(window, intervalUs)]))
  eachOverlap(input, windows, (node, overlapUs, window) => {
    const stack = stackOf[node] ?? -1
    if (stack < 0 || isIdle(stack)) return
    const known = window && shares.get(window)
    const blocked = known ? (isNative(stack) ? known.native : known.other) : 0
    us[stack] = (us[stack] ?? 0) + overlapUs * (1 - blocked) * (1 - (known?.queued ?? 0))
    blockedUs[stack] = (blockedUs[stack] ?? 0) + overlapUs * blocked
  })
  const whole = windows.filter(({ isWhole }) => isWhole)
  const sum = (of: (window: Window) => number) => whole.reduce((total, one) => total + of(one), 0)
  const usedUs = sum(({ usedUs }) => usedUs)
  const leftUs = sum((window) => {
    const { native, other, queued } = shares.get(window) ?? nothingTaken
    const { busyUs, nativeUs } = window
    return (nativeUs * (1 - native) + (busyUs - nativeUs) * (1 - other)) * (1 - queued)
  })
  const watchedUs = sum(({ fromUs, toUs }) => toUs - fromUs)
  const restUs = leftUs - usedUs
  const isChance = restUs <= chanceUs(watchedUs, usedUs, intervalUs)
  takeRest(us, blockedUs, restUs, isChance ? () => false : isNative)
  return { us, blockedUs, usedUs, sampledUs: sum(({ busyUs }) => busyUs), watchedUs }
}

function windowsOf(input: OnCpuInput): Window[] {
  const { startTimeUs, endTimeUs } = input.profile
  const wantedUs = intervalsOfWindow * input.samplingIntervalUs
  const times = apart(input.times, Math.min(wantedUs, (endTimeUs - startTimeUs) / 3))
  return times.slice(1).flatMap((to, index) => {
    const from = times[index]
    if (!from || to.atUs <= from.atUs || to.atUs < startTimeUs || from.atUs > endTimeUs) return []
    return [
      {
        fromUs: from.atUs,
        toUs: to.atUs,
        usedUs: Math.max(0, to.usedUs - from.usedUs),
        queuedUs: Math.max(0, (to.queuedUs ?? 0) - (from.queuedUs ?? 0)),
        isWhole: from.atUs >= startTimeUs && to.atUs <= endTimeUs,
        busyUs: 0,
        nativeUs: 0,
      },
    ]
  })
}

/** The readings that are so far apart from the one before. */
function apart(times: readonly CpuTime[], leastUs: number): readonly CpuTime[] {
  let lastUs = Number.NEGATIVE_INFINITY
  return times.filter(({ atUs }) => {
    if (atUs < lastUs + leastUs) return false
    lastUs = atUs
    return true
  })
}

/** As it was achieved, which on a busy machine is less often than was asked for. */
function meanIntervalUs({ profile, samplingIntervalUs }: OnCpuInput): number {
  const { startTimeUs, endTimeUs, samples } = profile
  return Math.max(samplingIntervalUs, (endTimeUs - startTimeUs) / Math.max(1, samples.length))
}

/** By how much samples may be off by chance that hit a thread busy for `busyUs` of that time. */
function chanceUs(lengthUs: number, busyUs: number, intervalUs: number): number {
  const share = Math.min(1, busyUs / lengthUs)
  const deviation = Math.sqrt((lengthUs / intervalUs) * share * (1 - share))
  return chanceDeviations * intervalUs * deviation
}

/** Visits the samples cut at the windows' ends; `window` is undefined outside of all. */
function eachOverlap(
  { profile, samplingIntervalUs }: OnCpuInput,
  windows: readonly Window[],
  visit: (node: number, us: number, window: Window | undefined) => void,
): void {
  let index = 0
  eachSample(profile, samplingIntervalUs, (node, durationUs, startUs) => {
    let fromUs = startUs
    const endUs = startUs + durationUs
    while (fromUs < endUs) {
      while ((windows[index]?.toUs ?? Number.POSITIVE_INFINITY) <= fromUs) index++
      const window = windows[index]
      const isInside = window !== undefined && window.fromUs <= fromUs
      const upToUs = Math.min(endUs, (isInside ? window.toUs : window?.fromUs) ?? endUs)
      visit(node, upToUs - fromUs, isInside ? window : undefined)
      fromUs = upToUs
    }
  })
}

interface Shares {
  /** 0 to 1: part of the samples in native code, and of the others, that was blocked. */
  readonly native: number
  readonly other: number
  /** Part of the rest that was queued for a processor. */
  readonly queued: number
}

const nothingTaken: Shares = { native: 0, other: 0, queued: 0 }

function sharesOf(window: Window, intervalUs: number): Shares {
  const { busyUs, nativeUs, usedUs, isWhole, fromUs, toUs } = window
  const deficitUs = busyUs - usedUs
  if (!isWhole || deficitUs <= clockErrorUs) return nothingTaken
  const queuedUs = Math.min(deficitUs, window.queuedUs)
  const errorUs = clockErrorUs + chanceUs(toUs - fromUs, usedUs + queuedUs, intervalUs)
  const blockedUs = deficitUs - queuedUs > errorUs ? deficitUs - queuedUs : 0
  // Only native code can block, but some of V8's is sampled as the function that calls it.
  const inNativeUs = Math.min(blockedUs, nativeUs)
  const otherUs = busyUs - nativeUs
  return {
    native: nativeUs > 0 ? inNativeUs / nativeUs : 0,
    other: otherUs > 0 ? (blockedUs - inNativeUs) / otherUs : 0,
    queued: busyUs - blockedUs > 0 ? queuedUs / (busyUs - blockedUs) : 0,
  }
}

/** Nothing may have more than the thread used. `isNative`: what the rest is taken from first, as short waits. */
function takeRest(
  us: Float64Array,
  blockedUs: Float64Array,
  restUs: number,
  isNative: (stack: number) => boolean,
): void {
  if (restUs <= 0) return
  const totalUs = us.reduce((total, one) => total + one, 0)
  const nativeUs = us.reduce((total, one, stack) => total + (isNative(stack) ? one : 0), 0)
  const inNativeUs = Math.min(restUs, nativeUs)
  const native = nativeUs > 0 ? inNativeUs / nativeUs : 0
  const all = totalUs > inNativeUs ? (restUs - inNativeUs) / (totalUs - inNativeUs) : 0
  for (const [stack, own] of us.entries()) {
    const blocked = isNative(stack) ? own * native : 0
    blockedUs[stack] = (blockedUs[stack] ?? 0) + blocked
    us[stack] = (own - blocked) * (1 - Math.min(1, all))
  }
}
