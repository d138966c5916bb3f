/** Event loop and heap of one thread, out of what it said at the end of its last two windows. */
import type { ThreadWindowFacts } from './top-model.ts'

/** What the thread said of itself: sums since its start. Every figure may be unknown. */
export interface LoopFigures {
  readonly usedHeapBytes?: number | undefined
  readonly takenHeapBytes?: number | undefined
  readonly heapLimitBytes?: number | undefined
  readonly activeMs?: number | undefined
  readonly idleMs?: number | undefined
  readonly turns?: number | undefined
}

export interface LoopRates {
  /** 0 to 1: part of the time in which the loop did not wait for events. */
  readonly utilization: number
  /** Node's own figure; false: judged by the samples. */
  readonly isExact: boolean
  /** Undefined where the target cannot tell without loading something. */
  readonly turnsPerSecond: number | undefined
  /** Longest stretch without a rest: so long may work have waited. In steps of the sampling interval. */
  readonly longestStretchMs: number
  /** For how long there was no rest, up to the window's end; 0: the thread has rested. */
  readonly restlessMs: number
  /** Certain, as the loop has not turned once meanwhile. */
  readonly isBlocked: boolean
}

/** Shorter stretches are daily life. */
const restlessFromUs = 1_000_000

export function loopRates(
  facts: ThreadWindowFacts,
  now: LoopFigures,
  before: LoopFigures | undefined,
): LoopRates {
  const { durationUs, busyUs, longestStretchUs, openStretchUs, hasRested } = facts
  const activeMs = difference(now.activeMs, before?.activeMs)
  const idleMs = difference(now.idleMs, before?.idleMs)
  const turns = difference(now.turns, before?.turns)
  const isExact = activeMs !== undefined && idleMs !== undefined && activeMs + idleMs > 0
  const restlessUs = !hasRested && openStretchUs >= restlessFromUs ? openStretchUs : 0
  return {
    utilization: isExact ? activeMs / (activeMs + idleMs) : Math.min(1, busyUs / (durationUs || 1)),
    isExact,
    turnsPerSecond: turns === undefined ? undefined : (turns / (durationUs || 1)) * 1e6,
    longestStretchMs: longestStretchUs / 1000,
    restlessMs: restlessUs / 1000,
    isBlocked: restlessUs > 0 && turns === 0,
  }
}

function difference(now: number | undefined, before: number | undefined): number | undefined {
  return now === undefined || before === undefined ? undefined : Math.max(0, now - before)
}
