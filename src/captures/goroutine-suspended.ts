/**
 * Where the suspended functions of a snapshot come from: the census of the target's memory, which it
 * does not notice, or, where the kernel refuses that, its promises, which stops it for a while.
 */
import type { Census } from '../census/census.ts'
import { CaptureError, TargetError } from '../errors.ts'
import type { Attachment } from '../targets/target.ts'
import type { Draft } from './draft-entries.ts'
import { type CensusOutcome, censusNotes } from './goroutine-census.ts'
import type { CensusKind, Cut } from './goroutine-entry.ts'
import { readPromises, type SuspendedByPromises } from './goroutine-promises.ts'

export interface SuspendedOptions {
  readonly promises?: boolean | undefined
  readonly maxFrames?: number | undefined
  readonly maxPauseMs?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface SuspendedWork {
  readonly kind: CensusKind
  readonly census?: Census | undefined
  /** Without a census. */
  readonly drafts: readonly Draft[]
  readonly cuts: readonly Cut[]
  readonly notes: readonly string[]
  readonly costMs: number
}

/** `census`: one that is under way, or a way to start it. */
export async function readSuspended(
  attachment: Attachment,
  census: Promise<CensusOutcome> | (() => Promise<CensusOutcome>),
  options: SuspendedOptions,
): Promise<SuspendedWork> {
  if (options.promises === true) return ofPromises(await readPromises(attachment, options))
  const outcome = await (typeof census === 'function' ? census() : census)
  if (outcome.census !== undefined) {
    const notes = censusNotes(outcome.census)
    return { kind: 'exact', census: outcome.census, drafts: [], cuts: [], notes, costMs: 0 }
  }
  const { refusal } = outcome
  // Whoever asked has gone, or the target has.
  if (options.signal?.aborted || refusal instanceof TargetError) throw refusal
  if (refusal.code === 'census-refused') return instead(attachment, refusal, options)
  const next = refusal.tryNext === undefined ? '' : ` (${refusal.tryNext} allows it)`
  return nothing([`suspended functions are missing: ${refusal.message}${next}`])
}

/** By the promises, where that stops the target for no longer than is allowed. */
async function instead(
  attachment: Attachment,
  refusal: Error,
  options: SuspendedOptions,
): Promise<SuspendedWork> {
  const reason = `no census: ${refusal.message}`
  try {
    const work = ofPromises(await readPromises(attachment, options))
    return { ...work, notes: [reason, ...work.notes] }
  } catch (error) {
    if (!(error instanceof CaptureError) || error.code !== 'pause-too-long') throw error
    return nothing([reason, error.message])
  }
}

function ofPromises(found: SuspendedByPromises): SuspendedWork {
  return { kind: 'promises', ...found }
}

function nothing(notes: readonly string[]): SuspendedWork {
  return { kind: 'none', drafts: [], cuts: [], notes, costMs: 0 }
}
