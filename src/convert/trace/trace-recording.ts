/** What the converter needs of a trace; the captures hand over objects of these shapes. */

export interface TraceStart {
  readonly target: {
    readonly pid: number
    readonly name: string
    readonly nodeVersion: string
    /** Names of application code are relative to it; empty where unknown. */
    readonly workingDirectory: string
  }
  readonly startedAtMs: number
  readonly askedDurationMs: number
  readonly askedHz: number
  readonly samplingIntervalUs: number
  readonly categories: readonly string[]
  readonly attachMs: number
  readonly openedInspector: boolean
  readonly startPauseMs: number
  readonly untraced: string | undefined
}

export interface TraceWindow {
  readonly threads: readonly TraceThreadWindow[]
  readonly events: readonly unknown[]
  readonly droppedCount: number
}

export interface TraceThreadWindow {
  readonly thread: string
  readonly tid: number | undefined
  readonly profileJson: Uint8Array
}

export interface TraceEnd {
  readonly windowCount: number
  readonly longestPauseMs: number
  readonly droppedCount: number
  readonly tracingEnded: string | undefined
  readonly missing: readonly string[]
}
