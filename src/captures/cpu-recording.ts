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
  /** What the process's other threads used, those without JavaScript; undefined where nobody tells. */
  readonly nativeThreads: readonly NativeThreads[] | undefined
  readonly openedInspector: boolean
}

export interface ThreadRecording {
  readonly pid: number
  /** `main`, or a worker's name and number. */
  readonly thread: string
  /** The JSON text of V8's Profiler.Profile, as the target sent it. */
  readonly profileJson: Uint8Array
  /** Where it was recorded in windows: those that followed without a gap, V8's profiles, too. */
  readonly laterWindows?: readonly Uint8Array[] | undefined
  /** Its CPU time, read again and again meanwhile; undefined where its kernel thread is not known. */
  readonly cpuTimes?: readonly CpuTime[] | undefined
  /** What it said that it runs, where it was asked because it did not come to rest. */
  readonly checks?: readonly RunningCheck[] | undefined
}

export interface CpuTime {
  /** On the monotonic clock of the host, which V8's profile has, too. */
  readonly atUs: number
  /** Time on a CPU since the thread's start. */
  readonly usedUs: number
  /** Time it was ready and waited for a CPU; undefined where the kernel does not tell. */
  readonly queuedUs: number | undefined
}

/** Threads of one kind. */
export interface NativeThreads {
  readonly pid: number
  /** Such as `(V8 worker threads)`. */
  readonly name: string
  readonly count: number
  /** CPU time of all of them within the recording. */
  readonly usedUs: number
  /** Of the one that used most. */
  readonly busiestUs: number
  /** Whether they are the threads that take the samples. */
  readonly isSampler: boolean
}

/** One look at what a busy thread runs, as it says itself; the sampler should have seen the same. */
export interface RunningCheck {
  /** Between these two it answered; on the monotonic clock. */
  readonly askedUs: number
  readonly answeredUs: number
  /** Nearest call first. */
  readonly frames: readonly CheckedFrame[]
  /** How long the thread worked for it. */
  readonly costMs: number
}

export interface CheckedFrame {
  readonly functionName: string
  readonly url: string
  /** Where the function starts, 0-based. */
  readonly lineNumber: number
  readonly columnNumber: number
  /** 1-based line that runs. */
  readonly line: number
}
