/**
 * Where the suspended functions of a snapshot come from: the census of the target's memory, which it
 * does not notice, or, where the kernel refuses that, its promises, which stops it for a while. Deep
 * ones come out of a heap snapshot, which stops it for long and tells more.
 */
import { type OperationalError, TargetError } from '../errors.ts'
import type { Attachment } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'
import type { Draft } from './draft-entries.ts'
import {
  type CensusOutcome,
  censusNotes,
  type SuspendedGroup,
  suspendedGroups,
  workerNote,
} from './goroutine-census.ts'
import { readDeep, type SnapshotAnalysis } from './goroutine-deep.ts'
import type { CensusKind, Cut } from './goroutine-entry.ts'
import { expectedPauseMs, readPromises, type SuspendedByPromises } from './goroutine-promises.ts'

/** Who asked for a census has not asked for a pause: no more than starting a CPU profile takes. */
const unaskedPauseMs = 250

export interface SuspendedOptions {
  /** By a heap snapshot, which this analyses. */
  readonly analyse?: (() => SnapshotAnalysis) | undefined
  readonly promises?: boolean | undefined
  readonly maxFrames?: number | undefined
  readonly withQuery?: boolean | undefined
  readonly maxPauseMs?: number | undefined
  readonly force?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

export interface SuspendedWork {
  readonly kind: CensusKind
  /** Counted one by one: what operations explain of them is to be taken off. */
  readonly groups: readonly SuspendedGroup[]
  /** Of the main thread, where they cannot be counted like that. */
  readonly drafts: readonly Draft[]
  readonly cuts: readonly Cut[]
  readonly notes: readonly string[]
  readonly costMs: number
}

/**
 * `census`: one that is under way, or a way to start it. `workers`: the names of the worker threads, in
 * the order in which they were started.
 */
export async function readSuspended(
  targets: Targets,
  attachment: Attachment,
  census: Promise<CensusOutcome> | (() => Promise<CensusOutcome>),
  workers: readonly string[],
  options: SuspendedOptions,
): Promise<SuspendedWork> {
  const { analyse, promises, signal } = options
  if (analyse !== undefined) {
    const { drafts, ...rest } = await readDeep(targets, attachment, { ...options, analyse })
    return { kind: 'snapshot', groups: drafts.map(deepGroup), drafts: [], ...rest }
  }
  if (promises === true) return ofPromises(await readPromises(attachment, options))
  const outcome = await (typeof census === 'function' ? census() : census)
  if (outcome.census !== undefined) {
    const groups = suspendedGroups(outcome.census, workers)
    const how = outcome.byWorker ? [workerNote(outcome.census)] : []
    const notes = [...how, ...censusNotes(outcome.census)]
    return { kind: 'exact', groups, drafts: [], cuts: [], notes, costMs: 0 }
  }
  const { refusal } = outcome
  // Whoever asked has gone, or the target has.
  if (signal?.aborted || refusal instanceof TargetError) throw refusal
  if (refusal.code === 'census-refused') return instead(attachment, refusal, options)
  const next = refusal.tryNext === undefined ? '' : ` (${refusal.tryNext} allows it)`
  return nothing([`suspended functions are missing: ${refusal.message}${next}`])
}

/** By the promises, where that stops the target for no longer than nobody will notice. */
async function instead(
  attachment: Attachment,
  refusal: OperationalError,
  options: SuspendedOptions,
): Promise<SuspendedWork> {
  const { maxPauseMs = unaskedPauseMs, signal } = options
  const next = refusal.tryNext === undefined ? '' : ` (${refusal.tryNext})`
  const reason = `no census: ${refusal.message}${next}`
  const expectedMs = await expectedPauseMs(attachment.session, { signal })
  if (!(expectedMs <= Math.min(maxPauseMs, unaskedPauseMs))) {
    const instead = `its promises tell of suspended functions, too, and listing them stops it for about ${expectedMs} ms: promises=1`
    return nothing([reason, instead])
  }
  const work = ofPromises(await readPromises(attachment, options))
  return { ...work, notes: [reason, ...work.notes] }
}

function deepGroup({ kind, count, stack, elided = false, waitsFor }: Draft): SuspendedGroup {
  const suspended = kind === 'async-generator' ? kind : 'async-function'
  return { kind: suspended, state: 'awaiting', thread: 'main', count, stack, elided, waitsFor }
}

function ofPromises(found: SuspendedByPromises): SuspendedWork {
  return { kind: 'promises', groups: [], ...found }
}

function nothing(notes: readonly string[]): SuspendedWork {
  return { kind: 'none', groups: [], drafts: [], cuts: [], notes, costMs: 0 }
}
