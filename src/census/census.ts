/** What a census says: plain data, sent from the worker thread as it is. */
import type { SuspendedKind } from './suspended.ts'

export interface CensusFrame {
  /**
   * `Mutex.acquire`, `(anonymous)`, `Promise.all (index 3)`, `Promise.all (index 0 to 99)`;
   * `(awaited in a circle)`: by the innermost function or one in between, so that none will ever end.
   */
  readonly function: string
  /** As V8 has it: a path, a file: or node: URL; '' for evaluated code and for combinators. */
  readonly url: string
  /** 1-based; 0 where unknown: Node's own code is in no file, and a changed file is not read. */
  readonly line: number
  /** 1-based, in UTF-16 units; 0 where unknown. */
  readonly column: number
  /** True for a function that is suspended, false for a combinator such as Promise.all. */
  readonly isAsync: boolean
  /**
   * What stands at the line: the `await` or `yield` at which it is suspended; `start`: a generator that
   * has not begun; `function`: only where the function begins (the source could not be parsed).
   */
  readonly at: 'await' | 'yield' | 'start' | 'function' | 'unknown'
}

/** Equal stacks of suspended functions. */
export interface CensusGroup {
  /** Index into `isolates`. */
  readonly isolate: number
  /** Of the innermost function. */
  readonly kind: SuspendedKind
  /** `awaiting` a promise that no listed function will settle; a generator has `yielded` or `not started`. */
  readonly state: 'awaiting' | 'yielded' | 'not started'
  /** The larger of the passes; `glanced` where not every pass saw it. */
  readonly count: number
  /** The smaller one: 0 for what only one pass saw. Both are equal where nothing went on meanwhile. */
  readonly minCount: number
  /**
   * Of a target that worked meanwhile: how many were looked at one by one, each with its stack as it was at
   * one moment. What neither this nor `minCount` counts may be mixed of two moments.
   */
  readonly glanced: number
  /** Nearest first: the innermost function, then who awaits it. */
  readonly stack: readonly CensusFrame[]
  /** Outer frames were left out. */
  readonly elided: boolean
}

export interface CensusIsolate {
  /** 'unknown' where the thread was running, so that its stack could not be found. */
  readonly thread: 'main' | 'worker' | 'unknown'
  /** Of a worker, 1-based in the order in which those that live were started; 0 for the main thread. */
  readonly number: number
  /** Of the kernel; 0 where unknown. */
  readonly threadId: number
}

export interface Census {
  readonly groups: readonly CensusGroup[]
  readonly isolates: readonly CensusIsolate[]
  /** All suspended functions, those in the middle of a stack included, of the last pass. */
  readonly suspended: number
  /**
   * How many could not be placed, in no group: the target was changing them, or they had ended and V8
   * had not swept them away.
   */
  readonly torn: number
  /** Circles of functions that await each other, and so never end. */
  readonly cycles: number
  readonly passes: number
  /** Whether a look one by one was taken, and whether it came to an end before the target collected. */
  readonly glances: 'none' | 'whole' | 'part'
  /** All of them were looked at one by one: what `glanced` does not count may be mixed of two moments. */
  readonly isEachGlanced: boolean
  /** Of the heaps: what was looked through. */
  readonly heapBytes: number
  /** What was read of the target's memory, in all passes. */
  readonly bytesRead: number
  readonly durationMs: number
  /** How long the target was stopped; 0 unless that was asked for. */
  readonly stoppedMs: number
}
