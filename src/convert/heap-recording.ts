/** What the converters need of a heap recording; the captures hand over objects of this shape. */

export interface HeapRecording {
  /** Every thread that was read; 'main' first. */
  readonly threads: readonly HeapThreadRecording[]
  /** What could not be read, such as workers that ended meanwhile. */
  readonly missing: readonly string[]
  readonly target: {
    readonly pid: number
    readonly name: string
    readonly nodeVersion: string
    readonly executable: string
    /** Names of application code are relative to it; empty where unknown. */
    readonly workingDirectory: string
  }
  /** One recording, or a reading of a sampler that is kept on. */
  readonly mode: 'window' | 'continuous'
  /** The difference to the threads' `baseline`. */
  readonly isDelta: boolean
  /** Wall clock when sampling began, or of the baseline, and of the reading; ms since the epoch. */
  readonly startedAtMs: number
  readonly readAtMs: number
  /** Of pprofd's own samplers: mean number of bytes between two samples. */
  readonly samplingIntervalBytes: number
  /** Round trip of the reading: an upper bound of the pause it cost the target. */
  readonly readPauseMs: number
  readonly attachMs: number
  readonly openedInspector: boolean
  /** Groups of figures under Node's own names. */
  readonly statistics: Readonly<Record<string, Readonly<Record<string, number>>>> | undefined
}

export interface HeapThreadRecording extends HeapReading {
  readonly pid: number
  /** 'main', or the worker's name. */
  readonly thread: string
  /** Foreign: somebody else's, found running. */
  readonly sampler: 'own' | 'foreign'
  /** What the sampler counts; it cannot count both. */
  readonly counting: 'live' | 'allocated'
  /** Whether garbage was collected for the reading; undefined where unknown. */
  readonly collected: boolean | undefined
  /** Of a delta: the earlier reading; without a profile where sampling began then. */
  readonly baseline: Partial<HeapReading> | undefined
}

export interface HeapReading {
  /** The JSON text of V8's HeapProfiler.SamplingHeapProfile object as the target sent it, UTF-8. */
  readonly profileJson: Uint8Array
  /** Memory outside of V8's heap; undefined where unknown. */
  readonly native:
    | { readonly externalBytes: number; readonly arrayBuffersBytes: number }
    | undefined
}
