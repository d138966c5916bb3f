/** The words of this folder: what is taken without a person asking, and who takes and keeps it. */
import type { Target } from '../targets/target.ts'

/** As the option `profiles` of the configuration calls them. */
export type ProfileKind =
  | 'profile'
  | 'wall'
  | 'heap'
  | 'allocs'
  | 'goroutine'
  | 'block'
  | 'mutex'
  | 'trace'
  | 'retained'

export interface ProfileWish {
  readonly kind: ProfileKind
  /** Whole; 0 where the kind has no duration. */
  readonly seconds: number
  /** Who wants it and why, in words, for the log and for `/captures`: `rule slow-loop: loop delay 812 ms > 500 ms`. */
  readonly reason: string
  /** Gives it up; the target is restored. */
  readonly signal?: AbortSignal | undefined
}

/** A finished profile in the form that its readers take: pprof, but for a trace, which is Chrome's JSON. */
export interface RecordedProfile {
  /** A stall is text for people. */
  readonly kind: ProfileKind | 'stall'
  readonly target: Pick<Target, 'id' | 'instance' | 'name' | 'service' | 'pid' | 'uid'>
  /** Such as `v20.20.2`. */
  readonly nodeVersion: string
  readonly reason: string
  /** Wall clock, ms since the epoch. */
  readonly startedAtMs: number
  readonly durationMs: number
  /** Gzipped where it is pprof's. */
  readonly bytes: Uint8Array
  readonly contentType: string
  /** With the dot: `.pb.gz`. */
  readonly extension: string
  /** The longest that the target stood still for it, an upper bound in ms; undefined where unknown. */
  readonly pauseMs?: number | undefined
}

/**
 * Takes a profile in a slot of the daemon's admission, as a request would.
 * @throws {OperationalError} as the route of that profile.
 */
export type TakeProfile = (target: Target, wish: ProfileWish) => Promise<RecordedProfile>

/** The ring's last seconds of a target as a CPU profile; undefined where it is not recorded continuously. */
export type LastProfile = (
  target: Target,
  wish: Omit<ProfileWish, 'kind'>,
) => Promise<RecordedProfile | undefined>

/** Where profiles go: a folder, an engine. Resolves when it is kept, not when it has arrived. */
export interface ProfileSink {
  put(profile: RecordedProfile): Promise<void>
}
