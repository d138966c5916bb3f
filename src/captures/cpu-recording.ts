/** What a CPU capture hands over: V8's own data, and what it was asked for and cost. */
import type { RecordedTarget } from './recorded-target.ts'

export interface CpuRecording {
  readonly target: RecordedTarget
  /** Every thread that was recorded; main first. */
  readonly threads: readonly ThreadRecording[]
  /** Threads and processes that ended, or did not answer, before their profile could be fetched. */
  readonly missing: readonly string[]
  /** Wall clock when recording began, ms since the epoch. */
  readonly startedAtMs: number
  readonly askedDurationMs: number
  readonly askedHz: number
  readonly samplingIntervalUs: number
  /** Round trip of Profiler.start: an upper bound of how long the main thread stood still for it. */
  readonly startPauseMs: number
  /** The same for Profiler.stop. */
  readonly stopPauseMs: number
  readonly attachMs: number
  readonly openedInspector: boolean
}

export interface ThreadRecording {
  readonly pid: number
  /** `main`, or a worker's name and number. */
  readonly thread: string
  /** The JSON text of V8's Profiler.Profile, as the target sent it. */
  readonly profileJson: Uint8Array
}
