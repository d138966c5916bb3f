/** What a heap capture hands over: V8's own data, and what it was asked for and cost. */
import type { RecordedTarget } from './recorded-target.ts'

/** What a sampler counts: V8 tells what lives or what was allocated, never both. */
export type HeapCounting = 'live' | 'allocated'

export interface HeapRecording {
  readonly target: RecordedTarget
  /** Every thread that was read; main first. */
  readonly threads: readonly HeapThreadRecording[]
  /** Threads that ended, or did not answer, before they could be read. */
  readonly missing: readonly string[]
  /** One recording, or a reading of a sampler that is kept on. */
  readonly mode: 'window' | 'continuous'
  /** The recording is the difference to what the threads' `baseline` says. */
  readonly isDelta: boolean
  /** Wall clock when sampling began, or of the baseline; ms since the epoch. */
  readonly startedAtMs: number
  /** Wall clock of the reading. */
  readonly readAtMs: number
  /** Of samplers of ours: mean number of bytes between two samples. */
  readonly samplingIntervalBytes: number
  /** Round trip of the reading: an upper bound of how long the main thread stood still for it. */
  readonly readPauseMs: number
  readonly attachMs: number
  readonly openedInspector: boolean
  /** Of the main thread; undefined where it could not be had. */
  readonly statistics: HeapStatistics | undefined
}

export interface HeapThreadRecording extends HeapReading {
  readonly pid: number
  /** `main`, or a worker's name and number. */
  readonly thread: string
  /** Foreign: somebody else's, found running. It was read and left as it was. */
  readonly sampler: 'own' | 'foreign'
  readonly counting: HeapCounting
  /** Whether garbage was collected for the reading; unknown for a foreign sampler. */
  readonly collected: boolean | undefined
  /** Of a delta: the earlier reading; undefined where sampling began with the delta. */
  readonly baseline: Partial<HeapReading> | undefined
}

export interface HeapReading {
  /** The JSON text of V8's HeapProfiler.SamplingHeapProfile, as the target sent it. */
  readonly profileJson: Uint8Array
  /** Memory outside of V8's heap; undefined where the thread did not tell. */
  readonly native: NativeMemory | undefined
}

/** Out of process.memoryUsage() of the thread, in bytes. */
export interface NativeMemory {
  /** What C++ objects hold for JavaScript ones, without array buffers. */
  readonly externalBytes: number
  /** Buffers, ArrayBuffers and SharedArrayBuffers. */
  readonly arrayBuffersBytes: number
}

/** Groups of figures under Node's own names, such as `process.memoryUsage()`. */
export type HeapStatistics = Readonly<Record<string, Readonly<Record<string, number>>>>
