/**
 * Events of the trace event format, as chrome://tracing, Perfetto and speedscope read them:
 * https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
 * Times are microseconds of CLOCK_MONOTONIC, V8's clock for samples and Node's for its events.
 */
export interface TraceEvent {
  /** B and E: begin and end of a slice on a thread's track. b and e: of an async one, by `cat` and `id`. */
  readonly ph: 'B' | 'E' | 'b' | 'e' | 'n' | 'i' | 'C' | 'M'
  readonly name: string
  readonly cat: string
  readonly pid: number
  readonly tid: number
  readonly ts: number
  readonly id?: string
  /** Scope of an instant event: `t`, its thread. */
  readonly s?: 't'
  readonly args?: Readonly<Record<string, unknown>>
}

/** Gets events in order; of one track they are in order of time. */
export type EmitEvent = (event: TraceEvent) => void
