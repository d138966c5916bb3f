/** The words of this folder: what a target is, what pre-flight says of it, what an attachment is. */
import type { Session } from '../inspector/session.ts'
import type { PauseEstimate } from './pause-estimate.ts'
import type { TargetRights } from './target-rights.ts'

/** One process that pprofd knows, as it was when it was looked up. */
export interface Target {
  /** How URLs and commands call it: a configured name, else the pid, or `self` for pprofd itself. */
  readonly id: string
  /** The stable id of this run of the process, which no other process ever gets; '' for a port. */
  readonly instance: string
  /** What people call it: the configured name, else its service's, else its script's. */
  readonly name: string
  /** What its service is called: as `name`, but its package's name comes before its script's. */
  readonly service?: string | undefined
  readonly kind: 'process' | 'port' | 'self'
  /** Pid as pprofd's own pid namespace numbers it; 0 for a target known by port only. */
  readonly pid: number
  /** Field 22 of /proc/PID/stat: clock ticks from boot to start. With the pid it identifies a process. */
  readonly startTimeTicks: bigint
  /** Path of the executable; empty where it is unreadable. */
  readonly executable: string
  readonly argv: readonly string[]
  /** Working directory; empty where it is unreadable. */
  readonly workingDirectory: string
  /** Owner; -1 where unknown. */
  readonly uid: number
  /** Its real, saved or file system uid is another: it is a set-uid program, or has changed its uid. */
  readonly hasMixedUids?: boolean
  /** Port of a target that the configuration gives by port. */
  readonly port: number | undefined
  /** Named by the configuration, which also vouches for a Node in disguise (single-executable, Electron). */
  readonly configured: boolean
  /** False: never send SIGUSR1, only use an inspector that is open already. */
  readonly maySignal: boolean
  /** The profiles that may be taken of it, called as in URLs; undefined: the configuration's default. */
  readonly profiles?: readonly string[] | undefined
  /** Whether its allocations are sampled between requests; undefined: as the configuration says for all. */
  readonly heapContinuous?: boolean | undefined
  /** Whether its CPU is recorded all the time; undefined: as the configuration says for all that it names. */
  readonly recordContinuous?: boolean | undefined
  /** What whoever looked it up may do with it; undefined: everything. */
  readonly rights?: TargetRights | undefined
}

/** One step of the pre-flight. */
export interface Check {
  readonly name: string
  readonly ok: boolean
  /** What was seen, in words for an operator; the reason of a refusal where `ok` is false. */
  readonly detail: string
}

/** What attaching to a target would do, and why not. */
export interface Preflight {
  readonly target: Target
  readonly attachable: boolean
  /** How it would be reached: its open inspector, SIGUSR1, or from within (`self`). */
  readonly via: 'open-inspector' | 'signal' | 'in-process' | undefined
  /** The port of the inspector: open now, or the one that the signal would open (0: any free one). */
  readonly port: number | undefined
  readonly checks: readonly Check[]
  /** The first failed check's detail. */
  readonly refusal: string | undefined
  /** What the start of a CPU profile will cost the target; undefined where its memory is unknown. */
  readonly estimatedPause: PauseEstimate | undefined
  /** What the operator should know although attaching is possible. */
  readonly warnings: readonly string[]
}

/** A live connection to one target. Whoever holds it must `detach`, whatever happens. */
export interface Attachment {
  readonly target: Target
  readonly session: Session
  /** `process.version` of the target, such as `v20.20.2`. */
  readonly nodeVersion: string
  /** Whether pprofd opened the inspector, and so will close it. */
  readonly openedByUs: boolean
  /** Wall time from the request to a verified session. */
  readonly attachMs: number
  /** Closes the session and, if pprofd opened it and nobody else of pprofd uses it, the inspector. */
  detach(options?: DetachOptions): Promise<void>
}

export interface DetachOptions {
  /** End the session also where `lingerMs` would keep it for the next capture. */
  readonly forGood?: boolean
}
