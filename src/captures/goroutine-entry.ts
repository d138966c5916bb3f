/** The words of a goroutine snapshot: every piece of work that a process has in hand. */
import type { RecordedTarget } from './recorded-target.ts'

export type Kind =
  | 'running'
  | 'async-function'
  | 'async-generator'
  | 'generator'
  | 'timer'
  | 'immediate'
  | 'http-server-request'
  | 'http-client-request'
  | 'fetch'
  | 'socket'
  | 'server'
  | 'fs'
  | 'dns'
  | 'zlib'
  | 'crypto'
  | 'child-process'
  | 'watcher'
  | 'worker'
  | 'message-port'
  | 'native'

/** A call; positions are 1-based, 0 where unknown. */
export interface Frame {
  /** `acquire`, `Mutex.acquire`, `(anonymous)`, `Promise.all (index 3)`. */
  readonly function: string
  /** As V8 gives it: `file:///...`, `/path`, `node:internal/...`; '' for native code or where unknown. */
  readonly url: string
  readonly line: number
  readonly column: number
  /** It is suspended and waits for the frame before it. */
  readonly isAsync?: boolean | undefined
}

export interface WaitRange {
  readonly minMs: number
  readonly maxMs: number
}

export interface Entry {
  /** Unique within the snapshot, ascending in order of discovery. */
  readonly id: number
  /** `main`, or a worker's name and number. */
  readonly thread: string
  readonly kind: Kind
  readonly state: string
  /** How long it has waited; only where that is known exactly. */
  readonly wait?: WaitRange | undefined
  /** Nearest call first: JavaScript of a running thread, the callback, or who awaits whom. */
  readonly stack: readonly Frame[]
  /** The stack was longer. */
  readonly elided?: boolean | undefined
  /** How many identical ones it stands for. */
  readonly count: number
  /** `timer, fires in 28424 ms`, `GET http://127.0.0.1:4/x`. */
  readonly waitsFor?: string | undefined
  /** Undefined where unknown. */
  readonly createdBy?: Frame | undefined
}

export interface Cut {
  readonly what: string
  readonly shown: number
  readonly total: number
}

/** Where suspended functions come from: the memory's census, a heap snapshot, the promises, or nowhere. */
export type CensusKind = 'exact' | 'none' | 'promises' | 'snapshot'

export interface GoroutineRecording {
  readonly target: RecordedTarget
  /** Wall clock, ms since the epoch. */
  readonly takenAtMs: number
  readonly entries: readonly Entry[]
  /** What was left out: always stated. */
  readonly cuts: readonly Cut[]
  /** Sentences about the limits of this snapshot. */
  readonly notes: readonly string[]
  readonly census: CensusKind
  /**
   * How long the target's threads worked for the snapshot: by their own clocks where code of pprofd
   * ran, estimated for V8's own commands.
   */
  readonly targetCostMs: number
}
