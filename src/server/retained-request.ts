/** What a heap snapshot's analysis is made of: the snapshot, and the profile out of it. */
import { captureHeapSnapshot, type HeapSnapshotRecording } from '../captures/heap-snapshot.ts'
import { retainedComments } from '../convert/retained-comments.ts'
import { RetainedConversion } from '../convert/retained-conversion.ts'
import type { RetainedProfile } from '../convert/retained-messages.ts'
import type { Target } from '../targets/target.ts'
import type { CaptureCost } from './capture-account.ts'
import type { ServerContext } from './context.ts'

export interface RetainedAnswer {
  readonly recording: HeapSnapshotRecording
  readonly profile: RetainedProfile
}

/** One of few at a time: it takes much memory. */
export function recordRetained(
  context: ServerContext,
  target: Target,
  wanted: { readonly force: boolean },
  signal: AbortSignal,
): Promise<RetainedAnswer> {
  return context.analyses.run(() => record(context, target, wanted, signal))
}

/** For the log. */
export function retainedCost({ recording, profile }: RetainedAnswer): CaptureCost {
  return {
    attachMs: recording.attachMs,
    pauseMs: recording.pauseMs,
    openedInspector: recording.openedInspector,
    snapshotBytes: recording.bytes,
    objects: profile.totals.objects,
    sizeBytes: profile.bytes.byteLength,
  }
}

async function record(
  { targets, symbols, limits }: ServerContext,
  target: Target,
  { force }: { readonly force: boolean },
  signal: AbortSignal,
): Promise<RetainedAnswer> {
  const conversion = new RetainedConversion(limits.maxRetainedBytes ?? Number.POSITIVE_INFINITY)
  try {
    const recording = await captureHeapSnapshot(targets, target, {
      kind: 'retained',
      force,
      maxPauseMs: limits.maxPauseMs,
      signal,
      write: (chunk) => conversion.write(chunk),
    })
    const profile = await conversion.finish({
      ...recording.target,
      takenAtMs: recording.startedAtMs,
      comments: retainedComments(recording),
    })
    symbols.add(profile.symbols)
    return { recording, profile }
  } finally {
    await conversion.close()
  }
}
