/** One moment of a process, as the captures hand it over: every piece of work that runs or waits. */

export const kinds = [
  'running',
  'async-function',
  'async-generator',
  'generator',
  'timer',
  'immediate',
  'http-server-request',
  'http-client-request',
  'fetch',
  'socket',
  'server',
  'fs',
  'dns',
  'zlib',
  'crypto',
  'child-process',
  'watcher',
  'worker',
  'message-port',
  'native',
] as const

export type Kind = (typeof kinds)[number]

export interface Frame {
  /** As V8 names it: `Mutex.acquire`, `(anonymous)`, `Promise.all (index 3)`. */
  readonly function: string
  /** As V8 gives it: `file:///...`, `/path`, `node:internal/...`; empty for native and evaluated code. */
  readonly url: string
  /** 1-based; 0 where unknown. */
  readonly line: number
  /** 1-based; 0 where unknown. */
  readonly column: number
  /** Whether the function is suspended and awaits the frame before it. */
  readonly isAsync?: boolean | undefined
}

export interface Wait {
  readonly minMs: number
  readonly maxMs: number
}

export interface Entry {
  /** Unique within the recording, ascending in order of discovery. */
  readonly id: number
  /** `main`, or `[worker 1] name`. */
  readonly thread: string
  readonly kind: Kind
  /** Such as `running`, `awaiting`, `blocked in native code`, `waiting-response`, `listening`. */
  readonly state: string
  /** Only where it is known exactly. */
  readonly wait?: Wait | undefined
  /** Nearest first. Of pending work: its callback, or the chain of functions that await it. */
  readonly stack: readonly Frame[]
  /** Whether the far end of the stack was cut off. */
  readonly elided?: boolean | undefined
  /** How many identical ones this entry stands for. */
  readonly count: number
  /** Such as `timer, fires in 28424 ms`, `GET http://127.0.0.1:4/x`, `lockC (app.js:7)`. */
  readonly waitsFor?: string | undefined
  /** Undefined where it is unknown, which is nearly always: V8 does not store it. */
  readonly createdBy?: Frame | undefined
}

export interface GoroutineRecording {
  readonly target: {
    readonly pid: number
    readonly name: string
    /** `process.version`, such as `v20.20.2`. */
    readonly nodeVersion: string
    readonly executable: string
    /** Empty where unknown. */
    readonly workingDirectory: string
  }
  /** Milliseconds since the epoch. */
  readonly takenAtMs: number
  readonly entries: readonly Entry[]
  /** What was left out for size or time. */
  readonly cuts: readonly Cut[]
  /** Sentences about what this recording cannot show and why. */
  readonly notes: readonly string[]
  /**
   * Where suspended functions come from: `exact` from the process's memory, `snapshot` from a heap
   * snapshot, `promises` from the inspector, which counts some twice, `none`: only what pending
   * operations lead to.
   */
  readonly census: 'exact' | 'none' | 'promises' | 'snapshot'
  /** How long the target's threads worked for the recording. */
  readonly targetCostMs: number
}

export interface Cut {
  /** In the plural, such as `timers`. */
  readonly what: string
  readonly shown: number
  readonly total: number
}

/** All that the entries stand for. */
export function totalCount(entries: Iterable<Entry>): number {
  let total = 0
  for (const { count } of entries) total += count
  return total
}
