/** What a timeline of everything is handed over as. */
import type { CpuWindow } from './cpu-windows.ts'
import type { Cut, Entry } from './goroutine-entry.ts'
import type { RecordedTarget } from './recorded-target.ts'

/** A resource, or some suspended functions that are alike. */
export interface PendingPiece extends Omit<Entry, 'id'> {
  /** Node's number of it within its thread, where it has one. */
  readonly asyncId?: number | undefined
}

/**
 * Gets everything as it comes, by our CLOCK_MONOTONIC. Nothing more is recorded of a thread until it has
 * taken the last, and what it rejects ends the recording.
 */
export interface FgtraceSink {
  begin(atUs: number): Promise<void>
  window(thread: string, window: CpuWindow): Promise<void>
  /** All resources that a thread waits for; `isPartial`: those that there was time for. */
  look(
    thread: string,
    atUs: number,
    pieces: readonly PendingPiece[],
    isPartial: boolean,
  ): Promise<void>
  /** All suspended functions but those that wait for a resource. */
  suspended(atUs: number, pieces: readonly PendingPiece[]): Promise<void>
  threadEnded(thread: string, atUs: number): Promise<void>
  end(atUs: number, totals: FgtraceTotals): Promise<void>
}

/** Known when the recording begins. */
export interface FgtraceStart {
  readonly target: RecordedTarget
  readonly samplingIntervalUs: number
  /** Wall clock, ms since the epoch. */
  readonly startedAtMs: number
  /** Round trip of the profiler's start: an upper bound of how long the main thread stood still. */
  readonly startPauseMs: number
  readonly attachMs: number
  readonly openedInspector: boolean
}

/** Known when it is over. */
export interface FgtraceTotals extends LookTotals {
  readonly durationMs: number
  /** The longest round trip of a window's end, which is the next one's start. */
  readonly windowPauseMs: number
  /** Worker threads that could not be recorded to their end. */
  readonly missing: readonly string[]
}

export interface LookTotals {
  /** At the resources of the main thread. */
  readonly looks: number
  /** How long all threads worked for looks at their resources. */
  readonly looksCostMs: number
  /** Readings of the target's memory for suspended functions, and how long they took. */
  readonly censuses: number
  readonly censusMs: number
  /** The most that a look had to leave out. */
  readonly cuts: readonly Cut[]
  /** Sentences about what is missing. */
  readonly notes: readonly string[]
}
