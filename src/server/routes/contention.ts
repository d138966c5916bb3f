/** GET /debug/pprof/block and /debug/pprof/mutex: where work waits, for the kernel or for the event loop. */
import type { FastifyReply } from 'fastify'
import { type ContentionRecording, recordContention } from '../../captures/contention.ts'
import type { ContentionName } from '../../convert/contention.ts'
import { CaptureError } from '../../errors.ts'
import type { Target } from '../../targets/target.ts'
import type { Handler, ServerContext } from '../context.ts'
import type { Converted } from '../conversion/conversion-job.ts'
import { type DeclaredParameters, readDeclared, type WholeNumber } from '../declared-parameters.ts'
import { deltaSeconds, looseNumber } from '../delta-seconds.ts'
import type { Query } from '../parameters.ts'
import { requestTarget } from '../request-target.ts'
import { runCapture } from '../run-capture.ts'
import {
  debugParameter,
  deltaParameter,
  forceParameter,
  hzParameter,
  type ParameterSettings,
  sourcemapsParameter,
} from '../shared-parameters.ts'
import { targetAnswers } from '../target-sources.ts'

/** Nothing records on its own, so this long is looked where nobody says: scrapers wait for it. */
const defaultSeconds = 2

/** Whoever looks does not sleep. */
const blindToItself = 'warning: pprofd cannot see its own waits'

/** The least that is no noise of the machine, as Go counts contentions of any length. */
export const defaultThresholdMs = 20
const maxThresholdMs = 60_000

const threshold: WholeNumber = {
  kind: 'whole number',
  fallback: defaultThresholdMs,
  min: 1,
  max: maxThresholdMs,
  description: 'How many ms a thread must be busy without a rest to count.',
}

export function contentionParameters(settings: ParameterSettings, name: ContentionName) {
  const { limits, profile } = settings
  const shared = {
    hz: hzParameter(profile.hz, 'Samples a second. Default: profile.hz of the configuration.'),
    sourcemaps: sourcemapsParameter(settings),
    force: forceParameter,
  }
  const seconds = Math.min(defaultSeconds, limits.maxSeconds)
  return {
    debug: debugParameter,
    seconds: deltaParameter(
      settings,
      `How long to record; without it ${seconds} s. Maximum: limits.maxSeconds.`,
    ),
    ...shared,
    ...(name === 'mutex' ? { threshold } : {}),
  } satisfies DeclaredParameters
}

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
  readonly encoded: Converted
}

function readParameters(
  query: Query,
  context: ServerContext,
  name: ContentionName,
): ContentionParameters {
  const { debug, seconds, threshold, ...simple } = contentionParameters(context, name)
  const isText = looseNumber(query, 'debug') !== 0
  const asked = deltaSeconds(query, { isText, max: seconds.max })
  const values = readDeclared(query, simple)
  return {
    ...values,
    name,
    seconds: asked ?? Math.min(defaultSeconds, context.limits.maxSeconds),
    isDelta: asked !== undefined,
    isText,
    thresholdMs: threshold && readDeclared(query, { threshold }).threshold,
  }
}

async function record(
  context: ServerContext,
  target: Target,
  wanted: ContentionParameters,
  signal: AbortSignal,
): Promise<ContentionAnswer> {
  const { name, seconds, hz, force, thresholdMs, isText, isDelta, sourcemaps } = wanted
  const { targets, symbols, limits, conversions } = context
  const maxPauseMs = force ? undefined : limits.maxPauseMs
  const options = { kind: name, durationMs: seconds * 1000, hz, maxPauseMs, signal }
  const recording = await recordContention(targets, target, options)
  if (signal.aborted) throw new CaptureError('capture-aborted', 'nobody waits for the profile')
  const comments = [
    ...(isDelta ? [] : [`window: the default of ${seconds} s, because seconds was not given`]),
    ...(target.kind === 'self' && name === 'block' ? [blindToItself] : []),
  ]
  const wish = { recording, form: isText ? 'text' : 'pprof', comments } as const
  const encoded = await conversions.run(
    thresholdMs === undefined
      ? { ...wish, kind: 'block' }
      : { ...wish, kind: 'mutex', thresholdMs },
    targetAnswers(context, recording.target, sourcemaps),
    'move',
  )
  await symbols.addGradually(encoded.symbols)
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
