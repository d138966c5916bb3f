/** What is known of a process that cannot be attached to: from its memory and from the kernel. */
import { OperationalError, type TargetError } from '../errors.ts'
import type { Target } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'
import type { Draft } from './draft-entries.ts'
import { type CensusOutcome, censusNotes, suspendedGroups } from './goroutine-census.ts'
import type { GoroutineRecording } from './goroutine-entry.ts'
import { blockedDraft, mayBeIdle } from './goroutine-kernel.ts'
import { joinCensus } from './join-census.ts'

/** @throws {TargetError} the one that is given, where nothing can be told. */
export async function recordFromOutside(
  targets: Targets,
  target: Target,
  reason: TargetError,
  outcome: CensusOutcome | undefined,
): Promise<GoroutineRecording> {
  const takenAtMs = Date.now()
  const census = outcome?.census
  const main = await mainThread(targets, target, reason)
  if (main === undefined && census === undefined) throw reason
  const listed = main === undefined ? [] : [{ thread: 'main', ...main }]
  const work = census === undefined ? listed : joinCensus(listed, suspendedGroups(census, []))
  const { pid, name, executable, workingDirectory } = target
  return {
    target: { pid, name, nodeVersion: 'unknown', executable, workingDirectory },
    takenAtMs,
    entries: work.map((entry, index) => ({ id: index + 1, ...entry })),
    cuts: [],
    notes: [...notesOf(reason, main), ...(census ? censusNotes(census) : refusalOf(outcome))],
    census: census === undefined ? 'none' : 'exact',
    targetCostMs: 0,
  }
}

/** Undefined where it may just as well be idle. */
async function mainThread(
  targets: Targets,
  target: Target,
  { code }: TargetError,
): Promise<Draft | undefined> {
  const view = await targets.kernelView(target)
  const kernel = view.threads.find(({ tid }) => tid === target.pid)
  // In its event loop it would have answered: it has a handler of its own for the signal.
  if (kernel === undefined || mayBeIdle(kernel, view.children)) return undefined
  const draft = blockedDraft(kernel, view.children)
  // It was not asked, or it may also run JavaScript, and a handler of its own.
  const isUnclear = code === 'target-refused' || kernel.state === 'R'
  return isUnclear ? { ...draft, state: 'not answering' } : draft
}

function notesOf({ message, code }: TargetError, main: Draft | undefined): readonly string[] {
  if (code === 'target-refused') {
    return [
      `only its memory and the kernel were asked, so what it waits for is missing: ${message}`,
    ]
  }
  return [
    main === undefined
      ? `only its memory was asked: ${message}`
      : `its main thread does not answer, so only its memory and the kernel were asked: ${message}`,
  ]
}

function refusalOf(outcome: CensusOutcome | undefined): readonly string[] {
  const refusal: unknown =
    outcome !== undefined && 'refusal' in outcome ? outcome.refusal : undefined
  return refusal instanceof OperationalError ? [`no census: ${refusal.message}`] : []
}
