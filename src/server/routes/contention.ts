/** GET /debug/pprof/block and /debug/pprof/mutex: where work waits, for the kernel or for the event loop. */
import type { FastifyReply } from 'fastify'
import { type ContentionRecording, recordContention } from '../../captures/contention.ts'
import type { ContentionName } from '../../convert/contention.ts'
import {
  type EncodedContentions,
  encodeBlock,
  encodeMutex,
} from '../../convert/contention-formats.ts'
import { CaptureError } from '../../errors.ts'
import type { Target } from '../../targets/target.ts'
import type { Handler, ServerContext } from '../context.ts'
import { deltaSeconds, looseNumber } from '../delta-seconds.ts'
import { oneOf, type Query, wholeNumber } from '../parameters.ts'
import { requestTarget } from '../request-target.ts'
import { runCapture } from '../run-capture.ts'
import { targetSources, wantsSources } from '../target-sources.ts'

/** Nothing records on its own, so this long is looked where nobody says: scrapers wait for it. */
const defaultSeconds = 2

/** Whoever looks does not sleep. */
const blindToItself = 'warning: pprofd cannot see its own waits'

/** As of CPU profiles. */
const maxHz = 1000

/** The least that is no noise of the machine, as Go counts contentions of any length. */
export const defaultThresholdMs = 20
const maxThresholdMs = 60_000

/**
 * seconds: (default: none) how long to record. Minimum is 1, maximum limits.maxSeconds. Without it: 2.
 * debug: (default: 0) another number answers in Go's text form. Not with seconds.
 * hz: (default: profile.hz of the configuration) samples per second. Minimum is 1, maximum is 1000.
 * threshold: (default: 20) ms that a run must last to be a contention; of mutex only. Minimum is 1,
 *   maximum is 60000.
 * sourcemaps: (default: sourceMaps of the configuration) 0 leaves names and lines as they run.
 * force: (default: 0) 1 records although the estimated pause is above limits.maxPauseMs.
 */
export function contentionHandler(context: ServerContext, name: ContentionName): Handler {
  return async (request, reply) => {
    const wanted = readParameters(request.query, context, name)
    const target = await requestTarget(context.targets, request)
    const answer = await runCapture(context, request, reply, target, {
      name,
      durationMs: wanted.seconds * 1000,
      wanted,
      work: (signal) => record(context, target, wanted, signal),
      cost: ({ recording, encoded }) => ({
        attachMs: recording.attachMs,
        startPauseMs: recording.startPauseMs,
        stopPauseMs: recording.stopPauseMs,
        pauseMs: Math.max(recording.startPauseMs, recording.stopPauseMs),
        openedInspector: recording.openedInspector,
        sizeBytes: encoded.bytes.byteLength,
      }),
    })
    return send(reply, wanted, answer)
  }
}

interface ContentionParameters {
  readonly name: ContentionName
  readonly seconds: number
  readonly isDelta: boolean
  readonly isText: boolean
  readonly hz: number
  readonly thresholdMs: number | undefined
  readonly sourcemaps: boolean
  readonly force: boolean
}

interface ContentionAnswer {
  readonly recording: ContentionRecording
  readonly encoded: EncodedContentions
}

function readParameters(
  query: Query,
  context: ServerContext,
  name: ContentionName,
): ContentionParameters {
  const { limits, profile } = context
  const isText = looseNumber(query, 'debug') !== 0
  const seconds = deltaSeconds(query, { isText, max: limits.maxSeconds })
  const threshold = { fallback: defaultThresholdMs, min: 1, max: maxThresholdMs }
  return {
    name,
    seconds: seconds ?? Math.min(defaultSeconds, limits.maxSeconds),
    isDelta: seconds !== undefined,
    isText,
    hz: wholeNumber(query, 'hz', { fallback: profile.hz, min: 1, max: maxHz }),
    thresholdMs: name === 'mutex' ? wholeNumber(query, 'threshold', threshold) : undefined,
    sourcemaps: wantsSources(query, context),
    force: oneOf(query, 'force', ['0', '1'], '0') === '1',
  }
}

async function record(
  context: ServerContext,
  target: Target,
  wanted: ContentionParameters,
  signal: AbortSignal,
): Promise<ContentionAnswer> {
  const { name, seconds, hz, force, thresholdMs, isText, isDelta, sourcemaps } = wanted
  const { targets, symbols, limits } = context
  const maxPauseMs = force ? undefined : limits.maxPauseMs
  const options = { kind: name, durationMs: seconds * 1000, hz, maxPauseMs, signal }
  const recording = await recordContention(targets, target, options)
  if (signal.aborted) throw new CaptureError('capture-aborted', 'nobody waits for the profile')
  const comments = [
    ...(isDelta ? [] : [`window: the default of ${seconds} s, because seconds was not given`]),
    ...(target.kind === 'self' && name === 'block' ? [blindToItself] : []),
  ]
  const form = {
    form: isText ? 'text' : 'pprof',
    comments,
    findSources: targetSources(context, recording.target, sourcemaps),
  } as const
  const encoded = await (thresholdMs === undefined
    ? encodeBlock(recording, form)
    : encodeMutex(recording, thresholdMs, form))
  symbols.add(encoded.symbols)
  return { recording, encoded }
}

function send(
  reply: FastifyReply,
  { name, isDelta, isText }: ContentionParameters,
  { recording, encoded }: ContentionAnswer,
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
      'X-Pprofd-Start-Pause-Ms': recording.startPauseMs.toFixed(1),
      'X-Pprofd-Stop-Pause-Ms': recording.stopPauseMs.toFixed(1),
    })
    .send(encoded.bytes)
}
