/** What passes between pprofd and the thread that turns a heap snapshot into a profile. */

/** What the profile says of where the snapshot comes from. */
export interface RetainedHeader {
  /** Path of the target's executable; empty where unknown. */
  readonly executable: string
  /** Names of application code are relative to it; may be empty. */
  readonly workingDirectory: string
  /** When the snapshot was taken. */
  readonly takenAtMs: number
  readonly comments: readonly string[]
}

export interface RetainedProfile {
  /** pprof's protobuf, gzipped. */
  readonly bytes: Uint8Array
  /** Every address of the profile with its name, for pprof's symbol request. */
  readonly symbols: readonly (readonly [address: number, name: string])[]
  readonly totals: HeapTotals
}

export interface HeapTotals {
  /** Nodes of the snapshot, V8's own things included. */
  readonly objects: number
  readonly references: number
  readonly heapBytes: number
}
