/** Everything that one picture of `pprofd top` is drawn from. */
import type { LoopFigures, LoopRates } from '../../convert/top/loop-rates.ts'
import type { TopColumn, TopRow } from '../../convert/top/top-model.ts'

export interface TopSnapshot {
  readonly target: { readonly name: string; readonly pid: number; readonly nodeVersion: string }
  readonly hz: number
  /** Since the first sample, or since the last reset. */
  readonly watchedMs: number
  /** Whether the inspector is open because of pprofd. */
  readonly openedInspector: boolean
  /** Main first. */
  readonly threads: readonly string[]
  /** Whose rows these are; undefined: of all threads together. */
  readonly thread: string | undefined
  readonly sort: TopColumn
  readonly rows: readonly TopRow[]
  /** Of the thread, or of main where all are shown; undefined before its first window. */
  readonly loop: LoopRates | undefined
  readonly heap: LoopFigures | undefined
  /** For how long it has not answered: it is in native code. 0: it answers. */
  readonly silentMs: number
  readonly cpu: CpuShares | undefined
  readonly residentBytes: number | undefined
  /** Undefined before the profiler runs. */
  readonly startPauseMs: number | undefined
  /** What each window costs the thread, as a rule. */
  readonly usualPauseMs: number
  readonly isPaused: boolean
}

/** Parts of one processor's time, in the last second or so. */
export interface CpuShares {
  readonly process: number
  /** Of the main thread: ready, and without a processor. */
  readonly mainQueued: number
  /** Threads, and groups of threads, the busiest first. */
  readonly threads: readonly { readonly name: string; readonly share: number }[]
}
