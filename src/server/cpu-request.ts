/** What the routes of CPU and wall profiles share: parameters, the recording and the answer's headers. */
import type { FastifyReply } from 'fastify'
import type { CpuRecording } from '../captures/cpu-recording.ts'
import { recordCpuTree } from '../captures/cpu-tree.ts'
import { type CpuFormat, cpuFormats } from '../convert/cpu-formats.ts'
import type { WallFormat } from '../convert/wall-formats.ts'
import { CaptureError, InputError } from '../errors.ts'
import type { Target } from '../targets/target.ts'
import type { CaptureCost } from './capture-account.ts'
import type { ServerContext } from './context.ts'
import type { Query } from './parameters.ts'
import { recordShared } from './record-shared.ts'
import {
  forceParameter,
  hzParameter,
  type ParameterSettings,
  secondsParameter,
  sourcemapsParameter,
} from './shared-parameters.ts'
import { targetAnswers } from './target-sources.ts'

export interface CpuParameters {
  readonly seconds: number
  readonly hz: number
  readonly tree: boolean
  readonly force: boolean
  readonly sourcemaps: boolean
  /** Seconds that have passed already; 0: record anew. */
  readonly last: number
}

export interface CpuAnswer {
  readonly bytes: Uint8Array
  readonly contentType: string
  /** With the dot. */
  readonly extension: string
  readonly recording: CpuRecording
}

/** Those of both; `format` is each one's own. */
export function cpuParameters(settings: ParameterSettings, defaultHz: number) {
  return {
    seconds: secondsParameter(settings),
    hz: hzParameter(defaultHz, 'Samples a second.'),
    tree: {
      kind: 'flag',
      fallback: false,
      description: '1 also records the Node processes below the target, into one profile.',
    },
    last: {
      kind: 'whole number',
      fallback: 0,
      min: 0,
      max: 86_400,
      description:
        'Answers at once with the last so many seconds, where record.continuous has recorded them; 0 records anew. Not with seconds or tree.',
    },
    sourcemaps: sourcemapsParameter(settings),
    force: forceParameter,
  } as const
}

/** @throws {InputError} parameter-invalid, where `last` is asked for together with what it cannot have. */
export function checkLast(
  query: Query,
  { last, tree }: Pick<CpuParameters, 'last' | 'tree'>,
): void {
  if (last === 0 || (query.seconds === undefined && !tree)) return
  const other = tree ? 'tree' : 'seconds'
  const message = `last says what has passed already, so it cannot be had together with ${other}: leave one of them out`
  throw new InputError('parameter-invalid', message)
}

export type CpuWork = CpuParameters & {
  readonly mainThreadOnly: boolean
} & (
    | { readonly kind: 'profile'; readonly format: CpuFormat }
    | { readonly kind: 'wall'; readonly format: WallFormat }
  )

/** From now on. */
export function recordingMs({ seconds, last }: Pick<CpuParameters, 'seconds' | 'last'>): number {
  return last > 0 ? 0 : seconds * 1000
}

export async function recordForAnswer(
  context: ServerContext,
  target: Target,
  work: CpuWork,
  signal: AbortSignal,
): Promise<CpuAnswer> {
  const { kind, seconds, hz, tree, force, sourcemaps, mainThreadOnly, last } = work
  const { targets, symbols, limits, flightRecorder, conversions } = context
  const maxPauseMs = force ? undefined : limits.maxPauseMs
  const options = { kind, durationMs: seconds * 1000, hz, mainThreadOnly, maxPauseMs, signal }
  if (last > 0) targets.checkAllowed(target, kind)
  else conversions.prepare(seconds * hz)
  const recording = tree
    ? await recordCpuTree(targets, target, options)
    : last > 0
      ? await flightRecorder.last(target, last)
      : await recordShared(context, target, options)
  if (signal.aborted) throw new CaptureError('capture-aborted', 'nobody waits for the profile')
  const ask = targetAnswers(context, recording.target, sourcemaps)
  const { bytes, contentType, ...more } = await conversions.run({ ...work, recording }, ask, 'move')
  await symbols.addGradually(more.symbols)
  return { bytes, contentType, extension: cpuFormats[work.format].extension, recording }
}

/** For the log. */
export function cpuCost({ recording, bytes }: CpuAnswer): CaptureCost {
  return {
    attachMs: recording.attachMs,
    startPauseMs: recording.startPauseMs,
    stopPauseMs: recording.stopPauseMs,
    pauseMs: Math.max(recording.startPauseMs, recording.stopPauseMs),
    openedInspector: recording.openedInspector,
    sizeBytes: bytes.byteLength,
  }
}

/** `pprofName`: Go's name of the file for pprof, which has no extension; the others open by theirs. */
export function sendCpuAnswer(
  reply: FastifyReply,
  pprofName: string,
  { recording, bytes, contentType, extension }: CpuAnswer,
): FastifyReply {
  const { pid } = recording.target
  const file = extension === '.pb.gz' ? pprofName : `${pprofName}-${pid}${extension}`
  return reply
    .headers({
      'Content-Type': contentType,
      'Content-Disposition': `attachment; filename="${file}"`,
      'X-Pprofd-Pid': pid,
      'X-Pprofd-Attach-Ms': recording.attachMs.toFixed(1),
      'X-Pprofd-Start-Pause-Ms': recording.startPauseMs.toFixed(1),
      'X-Pprofd-Stop-Pause-Ms': recording.stopPauseMs.toFixed(1),
    })
    .send(bytes)
}
