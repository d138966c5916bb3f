/** What the converters need of a CPU recording; the captures hand over objects of this shape. */

export interface CpuRecording {
  /** Every thread that was recorded; 'main' first. */
  readonly threads: readonly ThreadRecording[]
  /** What could not be recorded, such as workers that ended meanwhile. */
  readonly missing?: readonly string[] | undefined
  readonly target: {
    readonly pid: number
    readonly name: string
    /** `process.version`, such as `v20.20.2`. */
    readonly nodeVersion: string
    readonly executable: string
    /** Names of application code are relative to it; empty where unknown. */
    readonly workingDirectory: string
  }
  /** Wall clock when recording began, ms since the epoch, with fractions. */
  readonly startedAtMs: number
  readonly askedDurationMs: number
  readonly askedHz: number
  readonly samplingIntervalUs: number
  /** Round trips of Profiler.start and Profiler.stop: upper bounds of the pauses they cost the target. */
  readonly startPauseMs: number
  readonly stopPauseMs: number
  readonly attachMs: number
  readonly openedInspector: boolean
  /** What the threads without JavaScript used; undefined where nobody tells. */
  readonly nativeThreads?: readonly NativeThreads[] | undefined
}

export interface ThreadRecording {
  readonly pid: number
  /** 'main', or the worker's name. */
  readonly thread: string
  /** The JSON text of V8's Profiler.Profile object as the target sent it, UTF-8. */
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
