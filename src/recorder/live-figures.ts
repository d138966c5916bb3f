/**
 * What only a target itself can say, for whoever shows figures without attaching: it is asked of those
 * who have a session open anyway, and is as old as their last look.
 */
import type { Target } from '../targets/target.ts'

/** Of the main thread. Each may be unknown. */
export interface LiveFigures {
  /** How long ago the target said it, in ms. */
  readonly ageMs: number
  readonly usedHeapBytes?: number | undefined
  /** What V8 has taken of the system for the heap. */
  readonly takenHeapBytes?: number | undefined
  readonly heapLimitBytes?: number | undefined
  /** How long the event loop has worked, since the thread's start. */
  readonly loopActiveMs?: number | undefined
  /** How long it has waited for something to do, since the thread's start. */
  readonly loopIdleMs?: number | undefined
  /** The share of time, 0 to 1, in which it worked in the last window. */
  readonly loopUtilization?: number | undefined
  /** How late the loop was in the last window, in ms. */
  readonly loopDelayMs?: LoopDelay | undefined
  /** How long garbage collections have held the thread, since they have been counted; never falls in one run. */
  readonly gcMs?: number | undefined
}

export interface LoopDelay {
  readonly p50?: number | undefined
  readonly p90?: number | undefined
  readonly p99?: number | undefined
  readonly max?: number | undefined
}

/** Answers at once and asks the target nothing; undefined: no session of it is open. */
export type LiveFiguresOf = (target: Target) => LiveFigures | undefined
