/** What the routes share. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { GoroutineSnapshots } from '../captures/goroutine-snapshots.ts'
import type { HeapSamplers } from '../captures/heap-samplers.ts'
import type { FlightRecorder } from '../recorder/flight-recorder.ts'
import type { LiveFiguresOf } from '../recorder/live-figures.ts'
import type { Rules } from '../recorder/rules/rules.ts'
import type { Stalls } from '../recorder/stalls.ts'
import type { SourceMaps } from '../sourcemaps/source-maps.ts'
import type { Targets } from '../targets/targets.ts'
import type { CaptureAdmission, CaptureLimits } from './capture-admission.ts'
import type { CaptureList } from './capture-list.ts'
import type { Conversions } from './conversion/conversions.ts'
import type { DaemonMetrics } from './metrics/daemon-metrics.ts'
import type { Outbox, OutboxLimits } from './outbox.ts'
import type { ResultStore } from './page/result-store.ts'
import type { Query } from './parameters.ts'
import type { SnapshotAnalyses } from './snapshot-analyses.ts'
import type { SymbolTable } from './symbol-table.ts'

/** What the routes work on; whoever builds it also closes it. */
export interface Services {
  readonly targets: Targets
  readonly heapSamplers: HeapSamplers
  readonly goroutines: GoroutineSnapshots
  readonly sourceMaps: SourceMaps
  readonly flightRecorder: FlightRecorder
  /** What targets said of themselves to whoever has a session open anyway. */
  readonly liveFigures?: LiveFiguresOf | undefined
  readonly rules: Rules
  readonly stalls: Stalls
}

export interface ServerLimits extends CaptureLimits, OutboxLimits {
  readonly connectionsPerUid: number
  /** Longest recording that may be asked for. */
  readonly maxSeconds: number
  /** Memory of pprofd's for one analysis of a heap snapshot; undefined: no limit. */
  readonly maxRetainedBytes?: number | undefined
  /** Longest estimated pause of a target that a capture may cause; undefined: no limit. */
  readonly maxPauseMs?: number | undefined
}

/** Used where a request does not say. */
export interface ProfileDefaults {
  readonly seconds: number
  readonly hz: number
}

export interface HeapDefaults {
  /** Whether sampling goes on between requests, for targets that do not say it themselves. */
  readonly continuous: boolean
  /** How long a request samples where nothing samples yet. */
  readonly seconds: number
  /** Mean number of bytes between two samples. */
  readonly samplingInterval: number
}

export interface GoroutineDefaults {
  /** Most bytes of a target's heaps that may be read in one pass for suspended functions. */
  readonly maxHeapBytes: number
  /** From one page of a target to the next. */
  readonly minIntervalMs: number
  /** Of one thread. */
  readonly maxEntries: number
  /** How long listing may hold up a thread. */
  readonly budgetMs: number
  /** Whether SIGSTOP stops a target while its memory is read. */
  readonly stop: boolean
  /** Whether URLs are shown with their query. */
  readonly keepQuery: boolean
}

/** Whether profiles are of what was written, rather than of what runs. */
export interface SourceDefaults {
  readonly sourceMaps: boolean
}

export interface ServerContext extends Services {
  readonly limits: ServerLimits
  readonly profile: ProfileDefaults
  readonly heap: HeapDefaults
  readonly goroutine: GoroutineDefaults
  readonly sources: SourceDefaults
  readonly admission: CaptureAdmission
  readonly captures: CaptureList
  readonly conversions: Conversions
  readonly outbox: Outbox
  readonly symbols: SymbolTable
  readonly analyses: SnapshotAnalyses
  readonly results: ResultStore
  readonly metrics: DaemonMetrics
}

/** A request of a route that exists at the root and under `/targets/:target`. */
export type TargetRequest = FastifyRequest<{ Params: { target?: string }; Querystring: Query }>

export type Handler = (request: TargetRequest, reply: FastifyReply) => unknown
