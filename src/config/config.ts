/** The types of the configuration. schema.ts says what is allowed; a test holds the two together. */
import type { PushOptions, SpoolOptions } from './recorder-options.ts'
import type { triggerKinds } from './rule-schema.ts'
import { profileKinds } from './target-schema.ts'

/** The merged, checked configuration. */
export interface Config extends Omit<Settings, 'listen' | 'defaultTarget'> {
  readonly listen: ListenAddress
  /** Name or pid of the target of requests that name none. */
  readonly defaultTarget?: string
}

/** Where the daemon listens: loopback or a unix socket, nothing else exists. Port 0 is any free port. */
export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: '127.0.0.1' | '::1'; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/** The configuration as a file writes it, defaults filled in. */
export interface Settings {
  /** False: the daemon stays up, listens on nothing and attaches to nothing. */
  readonly enabled: boolean
  readonly listen: string
  readonly targets: readonly ConfiguredTarget[]
  readonly defaultTarget?: string | number
  readonly discover: DiscoverOptions
  /** Whether the target's files are read for source maps and packages. */
  readonly sourceMaps: boolean
  /** What may be taken of targets that do not say it themselves; undefined: `servedProfiles`, or all. */
  readonly profiles?: readonly ProfileKind[]
  /** Absolute path; state-folder.ts chooses where there is none. */
  readonly stateDir?: string
  readonly attach: AttachOptions
  readonly access: AccessOptions
  readonly limits: Limits
  readonly profile: ProfileDefaults
  readonly heap: HeapDefaults
  readonly record: RecordOptions
  readonly goroutine: GoroutineDefaults
  readonly spool: SpoolOptions
  readonly push: PushOptions
  readonly rules: readonly ConfiguredRule[]
  readonly stalls: StallSettings
  readonly log: { readonly level: LogLevel }
}

/** A named target: exactly one of `pid`, `pidFile`, `port`, `unit` and `match` is there. */
export interface ConfiguredTarget {
  readonly name: string
  readonly pid?: number
  /** Absolute path of a file that holds the pid. */
  readonly pidFile?: string
  /** Port of an inspector that is open already. */
  readonly port?: number
  readonly unit?: string
  /** Source of a regular expression without flags, for the command line; it compiles. */
  readonly match?: string
  readonly enabled: boolean
  /** False: never send SIGUSR1. */
  readonly signal: boolean
  /** The profiles that may be taken of it; undefined: those of `Settings.profiles`. */
  readonly profiles?: readonly ProfileKind[]
  /** `continuous` undefined: as `Settings.heap` says. */
  readonly heap?: { readonly continuous?: boolean }
  /** `continuous` undefined: as `Settings.record` says. */
  readonly record?: { readonly continuous?: boolean }
}

/** Called as in URLs; `heap` means allocs, too, and `goroutine` panicparse. */
export type ProfileKind = (typeof profileKinds)[number]

/**
 * What the daemon serves where the configuration does not say. A heap snapshot holds every string of
 * the target, its passwords and its users' data, so it needs to be allowed by name. Whoever runs a
 * command has the right to take one anyway.
 */
export const servedProfiles: readonly ProfileKind[] = profileKinds.filter(
  (kind) => kind !== 'heapsnapshot',
)

/** The Node processes that `targets` does not list. */
export interface DiscoverOptions {
  /** Whether they are served. */
  readonly enabled: boolean
  /** Source of a regular expression for the command lines of those that are opted in to /sd and /metrics. */
  readonly match?: string
}

export interface AttachOptions {
  /** Seconds for which a session stays after a capture. */
  readonly linger: number
}

/** Who may use pprofd besides root and its own user, and for what. Users and groups are names or numbers. */
export interface AccessOptions {
  readonly uids: readonly (string | number)[]
  /** Everybody in them may use it. */
  readonly groups: readonly (string | number)[]
  /** Whose processes they may use. */
  readonly targets: 'own' | 'any'
  /** What they may not take, whatever `profiles` says. */
  readonly deny: readonly ProfileKind[]
  /** Absolute path of a file whose content lets in whoever sends it. */
  readonly tokenFile?: string
  /** Octal digits: the permissions of the unix socket. */
  readonly socketMode: '0600' | '0660' | '0666'
  /** Of the unix socket; undefined: the daemon's. */
  readonly socketGroup?: string | number
}

export interface Limits {
  /** Longest recording that may be asked for, in seconds. */
  readonly maxSeconds: number
  readonly capturesPerTarget: number
  readonly captures: number
  readonly capturesPerUid: number
  readonly connectionsPerUid: number
  /** Of finished answers that wait for their clients. */
  readonly bytesInFlight: number
  /** Of messages that arrive from targets at the same moment. */
  readonly bytesReceived: number
  /** How long a client may take nothing of its answer. */
  readonly stallSeconds: number
  readonly maxProfileBytes: number
  /** Memory of pprofd's for one analysis of a heap snapshot. */
  readonly maxRetainedBytes: number
  /** Undefined: no limit. */
  readonly maxPauseMs?: number
  readonly commandTimeoutMs: number
}

/** What /debug/pprof/profile does where the request does not say. */
export interface ProfileDefaults {
  /** At most `limits.maxSeconds`. */
  readonly seconds: number
  /** Samples per second and thread. */
  readonly hz: number
}

/** How /debug/pprof/heap and allocs sample. */
export interface HeapDefaults {
  /** Whether sampling goes on between requests. */
  readonly continuous: boolean
  /** How long a request samples where nothing samples yet; at most `limits.maxSeconds`. */
  readonly seconds: number
  /** Mean number of bytes between two samples. */
  readonly samplingInterval: number
}

/** What is recorded of the CPU before anybody asks. */
export interface RecordOptions {
  /** Whether the targets that `Settings.targets` lists are recorded all the time. */
  readonly continuous: boolean
  /** Whether a target that is scraped regularly is recorded in between, too. */
  readonly scraped: boolean
  /** Whether its inspector stays open meanwhile. */
  readonly door: 'closed' | 'open'
  /** Samples per second and thread of what is recorded all the time. */
  readonly hz: number
  /** How many are kept of each target. */
  readonly seconds: number
  readonly maxBytes: number
}

/** How /debug/pprof/goroutine and /debug/panicparse look at a target. */
export interface GoroutineDefaults {
  /** Most bytes of its heaps that may be read in one pass for suspended functions. */
  readonly maxHeapBytes: number
  /** From one page /debug/panicparse of a target to the next. */
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

/** What is captured when something goes wrong. docs/rules.md explains each key. */
export interface ConfiguredRule {
  readonly name: string
  /** Names of targets; there is either this or `match`, or none of both. */
  readonly targets?: readonly string[]
  /** Source of a regular expression without flags, for the command line; it compiles. */
  readonly match?: string
  /** Exactly one, with its threshold. */
  readonly when: { readonly [Kind in (typeof triggerKinds)[number]]?: number }
  /** Seconds. */
  readonly for?: number
  readonly do: RuleAction
  readonly seconds?: number
  readonly to: readonly ('disk' | 'push')[]
  readonly atMost: number
  /** Seconds. */
  readonly per: number
  /** Seconds. */
  readonly cooldown: number
  readonly maxBytes: number
}

export type RuleAction =
  | 'profile'
  | 'wall'
  | 'block'
  | 'mutex'
  | 'heap'
  | 'allocs'
  | 'goroutine'
  | 'trace'
  | 'retained'
  | 'last'

/** How blocked event loops are found and looked into. */
export interface StallSettings {
  /** Milliseconds; 0: nothing is watched. */
  readonly threshold: number
  /** Seconds from one of a target to the next. */
  readonly cooldown: number
  /** Of one target. */
  readonly perHour: number
}

/** The levels of pino. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'
