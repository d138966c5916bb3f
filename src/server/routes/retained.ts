/** GET /debug/pprof/retained: who holds the memory, out of a heap snapshot. */
import type { FastifyReply } from 'fastify'
import { captureHeapSnapshot, type HeapSnapshotRecording } from '../../captures/heap-snapshot.ts'
import { retainedComments } from '../../convert/retained-comments.ts'
import { RetainedConversion } from '../../convert/retained-conversion.ts'
import type { RetainedProfile } from '../../convert/retained-messages.ts'
import type { Target } from '../../targets/target.ts'
import type { Handler, ServerContext } from '../context.ts'
import { type DeclaredParameters, readDeclared } from '../declared-parameters.ts'
import { requestTarget } from '../request-target.ts'
import { runCapture } from '../run-capture.ts'
import { typicalAnalysisMs } from '../snapshot-analyses.ts'

export const retainedParameters = {
  force: {
    kind: 'flag',
    fallback: false,
    description:
      '1 takes the snapshot although it may cost the target more memory than there is, or a longer pause than limits.maxPauseMs.',
  },
} as const satisfies DeclaredParameters

export function retainedHandler(context: ServerContext): Handler {
  return async (request, reply) => {
    const wanted = readDeclared(request.query, retainedParameters)
    const target = await requestTarget(context.targets, request)
    const answer = await runCapture(context, request, reply, target, {
      name: 'retained',
      durationMs: typicalAnalysisMs,
      wanted,
      work: (signal) => context.analyses.run(() => record(context, target, wanted, signal)),
      cost: ({ recording, profile }) => ({
        attachMs: recording.attachMs,
        pauseMs: recording.pauseMs,
        openedInspector: recording.openedInspector,
        snapshotBytes: recording.bytes,
        objects: profile.totals.objects,
        sizeBytes: profile.bytes.byteLength,
      }),
    })
    return send(reply, answer)
  }
}

interface RetainedAnswer {
  readonly recording: HeapSnapshotRecording
  readonly profile: RetainedProfile
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

function send(reply: FastifyReply, { recording, profile }: RetainedAnswer): FastifyReply {
  return reply
    .headers({
      'Content-Type': 'application/octet-stream',
      'Content-Disposition': 'attachment; filename="retained"',
      'X-Pprofd-Pid': recording.target.pid,
      'X-Pprofd-Attach-Ms': recording.attachMs.toFixed(1),
      'X-Pprofd-Pause-Ms': recording.pauseMs.toFixed(1),
    })
    .send(profile.bytes)
}
