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
}

export interface ThreadRecording {
  readonly pid: number
  /** 'main', or the worker's name. */
  readonly thread: string
  /** The JSON text of V8's Profiler.Profile object as the target sent it, UTF-8. */
  readonly profileJson: Uint8Array
}
