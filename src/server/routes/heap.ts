/** GET /debug/pprof/heap and /debug/pprof/allocs: sampled allocations. */
import type { FastifyReply } from 'fastify'
import type { HeapRecording } from '../../captures/heap-recording.ts'
import { type EncodedHeapProfile, encodeHeapProfile } from '../../convert/heap-formats.ts'
import type { HeapProfileName } from '../../convert/heap-pprof.ts'
import { CaptureError } from '../../errors.ts'
import type { Target } from '../../targets/target.ts'
import type { Handler, ServerContext } from '../context.ts'
import { deltaSeconds, looseNumber } from '../delta-seconds.ts'
import { oneOf, type Query } from '../parameters.ts'
import { requestTarget } from '../request-target.ts'
import { runCapture } from '../run-capture.ts'
import { targetSources, wantsSources } from '../target-sources.ts'

/**
 * seconds: (default: none) the difference over that time. Minimum is 1, maximum limits.maxSeconds.
 *   Without it: a moment, for which allocations are sampled for heap.seconds of the configuration
 *   where nothing samples yet.
 * gc: (default: 0) a number above 0 collects garbage thoroughly first. Of heap only, and not with seconds.
 * debug: (default: 0) another number answers in Go's text form. Not with seconds.
 * sourcemaps: (default: sourceMaps of the configuration) 0 leaves names and lines as they run.
 * force: (default: 0) 1 reads although the estimated pause is above limits.maxPauseMs.
 */
export function heapHandler(context: ServerContext, name: HeapProfileName): Handler {
  return async (request, reply) => {
    const wanted = readParameters(request.query, context, name)
    const target = await requestTarget(context.targets, request)
    const answer = await runCapture(context, request, reply, target, {
      name,
      durationMs: wanted.durationMs,
      wanted,
      work: (signal) => record(context, target, wanted, signal),
      cost: ({ recording, encoded }) => ({
        attachMs: recording.attachMs,
        readPauseMs: recording.readPauseMs,
        pauseMs: recording.readPauseMs,
        openedInspector: recording.openedInspector,
        sizeBytes: encoded.bytes.byteLength,
      }),
      shared: ({ recording }) => recording,
    })
    return send(reply, wanted, answer)
  }
}

interface HeapParameters {
  readonly name: HeapProfileName
  readonly durationMs: number
  readonly isDelta: boolean
  readonly gc: boolean
  readonly isText: boolean
  readonly force: boolean
  readonly sourcemaps: boolean
}

interface HeapAnswer {
  readonly recording: HeapRecording
  readonly encoded: EncodedHeapProfile
}

function readParameters(
  query: Query,
  context: ServerContext,
  name: HeapProfileName,
): HeapParameters {
  const { limits, heap } = context
  const isText = looseNumber(query, 'debug') !== 0
  const seconds = deltaSeconds(query, { isText, max: limits.maxSeconds })
  return {
    name,
    durationMs: (seconds ?? heap.seconds) * 1000,
    isDelta: seconds !== undefined,
    gc: name === 'heap' && seconds === undefined && looseNumber(query, 'gc') > 0,
    isText,
    force: oneOf(query, 'force', ['0', '1'], '0') === '1',
    sourcemaps: wantsSources(query, context),
  }
}

async function record(
  context: ServerContext,
  target: Target,
  { name, durationMs, isDelta, gc, isText, force, sourcemaps }: HeapParameters,
  signal: AbortSignal,
): Promise<HeapAnswer> {
  const { heapSamplers, symbols, limits, heap } = context
  const recording = await heapSamplers.record(target, {
    counting: name === 'allocs' ? 'allocated' : 'live',
    durationMs,
    isDelta,
    gc,
    samplingIntervalBytes: heap.samplingInterval,
    isContinuous: target.heapContinuous ?? heap.continuous,
    maxPauseMs: force ? undefined : limits.maxPauseMs,
    signal,
  })
  if (signal.aborted) throw new CaptureError('capture-aborted', 'nobody waits for the profile')
  const sources = targetSources(context, recording.target, sourcemaps)
  const encoded = await encodeHeapProfile(recording, name, isText ? 'text' : 'pprof', sources)
  symbols.add(encoded.symbols)
  return { recording, encoded }
}

function send(
  reply: FastifyReply,
  { name, isDelta, isText }: HeapParameters,
  { recording, encoded }: HeapAnswer,
): FastifyReply {
  if (!isText) {
    const file = isDelta ? `${name}-delta` : name
    reply.header('Content-Disposition', `attachment; filename="${file}"`)
  }
  return reply
    .headers({
      'Content-Type': encoded.contentType,
      'X-Pprofd-Pid': recording.target.pid,
      'X-Pprofd-Attach-Ms': recording.attachMs.toFixed(1),
      'X-Pprofd-Pause-Ms': recording.readPauseMs.toFixed(1),
    })
    .send(encoded.bytes)
}
