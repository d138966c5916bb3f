/** GET /debug/pprof/heap and /debug/pprof/allocs: sampled allocations. */
import type { FastifyReply } from 'fastify'
import type { HeapRecording } from '../../captures/heap-recording.ts'
import type { HeapProfileName } from '../../convert/heap-pprof.ts'
import { CaptureError } from '../../errors.ts'
import type { Target } from '../../targets/target.ts'
import type { Handler, ServerContext } from '../context.ts'
import type { Converted } from '../conversion/conversion-job.ts'
import { type AnyInteger, type DeclaredParameters, readDeclared } from '../declared-parameters.ts'
import { deltaSeconds, looseNumber } from '../delta-seconds.ts'
import type { Query } from '../parameters.ts'
import { requestTarget } from '../request-target.ts'
import { runCapture } from '../run-capture.ts'
import {
  debugParameter,
  deltaParameter,
  forceParameter,
  type ParameterSettings,
  sourcemapsParameter,
} from '../shared-parameters.ts'
import { targetAnswers } from '../target-sources.ts'

export function heapParameters(settings: ParameterSettings, name: HeapProfileName) {
  return {
    debug: debugParameter,
    seconds: deltaParameter(
      settings,
      'The difference over that time. Without it a moment, for which allocations are sampled for heap.seconds of the configuration where nothing samples yet.',
    ),
    ...(name === 'heap' ? { gc } : {}),
    sourcemaps: sourcemapsParameter(settings),
    force: forceParameter,
  } satisfies DeclaredParameters
}

const gc: AnyInteger = {
  kind: 'any integer',
  fallback: 0,
  description:
    'A number above 0 collects garbage thoroughly before the reading. Not with seconds. What is no number counts as 0.',
}

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
  readonly encoded: Converted
}

function readParameters(
  query: Query,
  context: ServerContext,
  name: HeapProfileName,
): HeapParameters {
  const { debug, seconds, gc, ...simple } = heapParameters(context, name)
  const isText = looseNumber(query, 'debug') !== 0
  const asked = deltaSeconds(query, { isText, max: seconds.max })
  return {
    name,
    durationMs: (asked ?? context.heap.seconds) * 1000,
    isDelta: asked !== undefined,
    gc: gc !== undefined && asked === undefined && looseNumber(query, 'gc') > 0,
    isText,
    ...readDeclared(query, simple),
  }
}

async function record(
  context: ServerContext,
  target: Target,
  { name, durationMs, isDelta, gc, isText, force, sourcemaps }: HeapParameters,
  signal: AbortSignal,
): Promise<HeapAnswer> {
  const { heapSamplers, symbols, limits, heap, conversions } = context
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
  const encoded = await conversions.run(
    { kind: 'heap', recording, name, form: isText ? 'text' : 'pprof' },
    targetAnswers(context, recording.target, sourcemaps),
  )
  await symbols.addGradually(encoded.symbols)
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
