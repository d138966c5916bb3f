/**
 * Suspended functions out of a heap snapshot: exact counts, those that await one promise together, and
 * what each waits for. The snapshot knows who awaits whom, but not at which line; so before it V8 is
 * asked where each promise is awaited, as in goroutine-promises.ts, and the snapshot shows what it said
 * of which. Stops the target for the walk of the heap and for the snapshot.
 */
import type { CommandOptions } from '../inspector/session.ts'
import type { Attachment } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'
import type { Draft } from './draft-entries.ts'
import type { Cut, Frame } from './goroutine-entry.ts'
import { markPromises } from './goroutine-marks.ts'
import { promisesPauseMs } from './goroutine-promises.ts'
import { captureHeapSnapshot } from './heap-snapshot.ts'
import {
  estimateHeapSnapshot,
  type HeapSnapshotEstimate,
  refuseCostly,
} from './heap-snapshot-estimate.ts'
import { releaseObjects } from './remote-objects.ts'

/** Reads a heap snapshot as it comes and finds the suspended functions in it, in a thread of its own. */
export interface SnapshotAnalysis {
  write(chunk: Uint8Array): Promise<void>
  finish(header: AnalysisHeader): Promise<FoundFunctions>
  /** Called once, whatever happened. */
  close(): Promise<void>
}

export interface AnalysisHeader {
  /** By the number of a mark: the function that awaits the promise, or the combinator. */
  readonly marks: readonly (Frame | undefined)[]
  readonly maxFrames: number
  readonly maxGroups: number
  readonly withQuery: boolean
}

export interface FoundFunctions {
  readonly groups: readonly FoundGroup[]
  readonly totalGroups: number
  readonly suspended: number
  readonly withoutLine: number
  readonly workers: number
}

export interface FoundGroup {
  readonly kind: 'async-function' | 'async-generator'
  readonly count: number
  readonly frames: readonly Omit<Frame, 'isAsync'>[]
  readonly elided: boolean
  readonly waitsFor: string | undefined
}

export interface DeepOptions extends CommandOptions {
  readonly analyse: () => SnapshotAnalysis
  /** Frames of a stack; more are elided. Default: 100. */
  readonly maxFrames?: number | undefined
  /** Entries; those of the most functions are kept. Default: 10000. */
  readonly maxEntries?: number | undefined
  /** Refuse when it would probably stop the target for longer; undefined: no limit. */
  readonly maxPauseMs?: number | undefined
  /** Do it although it may need more memory than there is, or longer than `maxPauseMs`. */
  readonly force?: boolean | undefined
  /** Show the query of URLs, which may hold secrets. */
  readonly withQuery?: boolean | undefined
}

export interface DeepFunctions {
  readonly drafts: readonly Draft[]
  readonly cuts: readonly Cut[]
  readonly notes: readonly string[]
  readonly costMs: number
}

const defaults = { maxFrames: 100, maxEntries: 10_000 } as const

/**
 * Nothing stays in the target, whatever happens. Given up, the target still builds its snapshot to the
 * end before it is let go, see captureHeapSnapshot.
 * @throws {CaptureError} capture-too-costly, pause-too-long, recording-invalid.
 */
export async function readDeep(
  targets: Targets,
  { session, target, nodeVersion }: Attachment,
  options: DeepOptions,
): Promise<DeepFunctions> {
  const { signal, force, maxPauseMs } = options
  const [{ usedSize }, memory] = await Promise.all([
    session.send('Runtime.getHeapUsage', {}, { signal }),
    targets.memory(target),
  ])
  const estimate = estimateDeep(estimateHeapSnapshot(usedSize, memory, nodeVersion))
  if (!force) refuseCostly(target.id, estimate, maxPauseMs)
  const analysis = options.analyse()
  try {
    const marks = await markPromises(session, { signal })
    const { pauseMs } = await captureHeapSnapshot(targets, target, {
      kind: 'goroutine',
      // It was judged above, together with the marks.
      force: true,
      signal,
      write: (chunk) => analysis.write(chunk),
    })
    await releaseObjects(session)
    const found = await analysis.finish({
      marks: marks.frames,
      maxFrames: options.maxFrames ?? defaults.maxFrames,
      maxGroups: options.maxEntries ?? defaults.maxEntries,
      withQuery: options.withQuery ?? false,
    })
    signal?.throwIfAborted()
    return {
      drafts: found.groups.map(draftOf),
      cuts: cutsOf(found),
      notes: [pauseNote(marks.pauseMs + pauseMs, estimate), ...marks.notes, ...notesOf(found)],
      costMs: marks.costMs + pauseMs,
    }
  } finally {
    await releaseObjects(session)
    await analysis.close()
  }
}

/** With the list of all promises, and the marks on them, that come before the snapshot. */
export function estimateDeep(estimate: HeapSnapshotEstimate): HeapSnapshotEstimate {
  const { heapBytes, pauseMs, targetBytes } = estimate
  const walkMs = Math.round(promisesPauseMs(heapBytes))
  return {
    ...estimate,
    pauseMs: { from: pauseMs.from + walkMs, to: pauseMs.to + walkMs },
    // Measured: a heap of nothing but suspended functions takes as much again for the marks.
    targetBytes: { from: targetBytes.from, to: targetBytes.to + heapBytes },
  }
}

function draftOf({ kind, count, frames, elided, waitsFor }: FoundGroup): Draft {
  return {
    kind,
    state: 'awaiting',
    count,
    stack: frames.map(({ function: name, url, line, column }) => {
      const isCombinator = url === '' && line === 0 && name.startsWith('Promise.')
      const frame = { function: name, url, line, column }
      return isCombinator ? frame : { ...frame, isAsync: true }
    }),
    ...(elided ? { elided } : {}),
    ...(waitsFor === undefined ? {} : { waitsFor }),
  }
}

function cutsOf({ groups, totalGroups }: FoundFunctions): readonly Cut[] {
  const shown = groups.length
  return shown < totalGroups ? [{ what: 'suspended functions', shown, total: totalGroups }] : []
}

function pauseNote(measuredMs: number, { pauseMs: { from, to } }: HeapSnapshotEstimate): string {
  const measured = Math.ceil(measuredMs)
  return `it stood still for ${measured} ms in all; ${from} to ${to} ms were expected`
}

function notesOf({ suspended, withoutLine, workers }: FoundFunctions): readonly string[] {
  const notes: string[] = []
  if (suspended > 0) {
    notes.push(
      'functions wait for what holds their promise: probably, not certainly, what settles it',
    )
  }
  if (withoutLine > 0) {
    notes.push(
      `${withoutLine} of ${suspended} suspended functions are shown at the line where they begin: ` +
        'V8 tells where a promise is awaited when one function awaits it',
    )
  }
  if (workers > 0) {
    const threads = workers === 1 ? '1 worker thread' : `${workers} worker threads`
    notes.push(`without its ${threads}: the snapshot is of the heap of the main thread`)
  }
  return notes
}
