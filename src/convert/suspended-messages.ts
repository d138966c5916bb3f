/** What passes between pprofd and the thread that finds the suspended functions of a heap snapshot. */

/** A call of V8's stack of who awaits a promise; positions are 1-based, 0 where unknown. */
export interface AwaitFrame {
  readonly function: string
  readonly url: string
  readonly line: number
  readonly column: number
}

export interface SuspendedHeader {
  /** By the number of a mark: the function that awaits the promise, or the combinator. */
  readonly marks: readonly (AwaitFrame | undefined)[]
  /** Frames of a stack; more are elided. */
  readonly maxFrames: number
  /** Groups; those of the most functions are kept. */
  readonly maxGroups: number
  /** Show the query of URLs, which may hold secrets. */
  readonly withQuery: boolean
}

export interface SuspendedFrame extends AwaitFrame {
  /** False: where the function begins, not where it waits. */
  readonly isExact: boolean
}

/** Functions with equal stacks that wait for the same. */
export interface SuspendedGroup {
  readonly kind: 'async-function' | 'async-generator'
  readonly count: number
  /** Nearest first: the function that waits, then who awaits it. */
  readonly frames: readonly SuspendedFrame[]
  readonly elided: boolean
  /** `Mutex.queue[0..2], for GET /path`; undefined where nothing telling was found. */
  readonly waitsFor: string | undefined
}

export interface SuspendedFunctions {
  /** Of the most functions first. */
  readonly groups: readonly SuspendedGroup[]
  /** Of `groups`, and of those that were left out. */
  readonly totalGroups: number
  /** Functions that await something, those in the middle of a stack included. */
  readonly suspended: number
  /** Of these, how many are known by the beginning of their function only. */
  readonly withoutLine: number
  /** Worker threads, whose heaps are not in the snapshot. */
  readonly workers: number
}
