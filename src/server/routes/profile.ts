/** GET /debug/pprof/profile: the CPU profile. */
import type { FastifyReply } from 'fastify'
import { recordCpu } from '../../captures/cpu.ts'
import type { CpuRecording } from '../../captures/cpu-recording.ts'
import { recordCpuTree } from '../../captures/cpu-tree.ts'
import {
  type CpuFormat,
  cpuFormats,
  encodeCpuProfile,
  treeHasManyThreads,
} from '../../convert/cpu-formats.ts'
import { CaptureError } from '../../errors.ts'
import type { Target } from '../../targets/target.ts'
import type { Handler, ServerContext, TargetRequest } from '../context.ts'
import { oneOf, wholeNumber } from '../parameters.ts'
import { requestTarget } from '../request-target.ts'
import { runCapture } from '../run-capture.ts'
import { targetSources, wantsSources } from '../target-sources.ts'

/** The highest rate that captures/ records at: beyond it the target pays more than it tells. */
const maxHz = 1000

const formatNames = Object.keys(cpuFormats) as CpuFormat[]

/**
 * seconds: (default: profile.seconds of the configuration) how long to record. Minimum is 1,
 *   maximum limits.maxSeconds.
 * hz: (default: profile.hz) samples per second. Minimum is 1, maximum is 1000.
 * tree: (default: 0) 1 records the Node processes below the target, too, into one profile.
 * force: (default: 0) 1 records although the estimated pause is above limits.maxPauseMs.
 * sourcemaps: (default: sourceMaps of the configuration) 0 leaves names and lines as they run.
 * format: (default: pprof) or cpuprofile, speedscope, collapsed, markdown.
 */
export function profileHandler(context: ServerContext): Handler {
  return async (request, reply) => {
    const wanted = readParameters(request, context)
    const target = await requestTarget(context.targets, request)
    const answer = await runCapture(context, request, reply, target, {
      name: 'cpu',
      durationMs: wanted.seconds * 1000,
      wanted,
      work: (signal) => record(context, target, wanted, signal),
      cost: ({ recording, bytes }) => ({
        attachMs: recording.attachMs,
        startPauseMs: recording.startPauseMs,
        stopPauseMs: recording.stopPauseMs,
        openedInspector: recording.openedInspector,
        sizeBytes: bytes.byteLength,
      }),
    })
    return send(reply, wanted.format, answer)
  }
}

interface ProfileParameters {
  readonly seconds: number
  readonly hz: number
  readonly tree: boolean
  readonly force: boolean
  readonly sourcemaps: boolean
  readonly format: CpuFormat
}

interface ProfileAnswer {
  readonly recording: CpuRecording
  readonly bytes: Uint8Array
}

function readParameters({ query }: TargetRequest, context: ServerContext): ProfileParameters {
  const { limits, profile } = context
  const tree = oneOf(query, 'tree', ['0', '1'], '0') === '1'
  const format = oneOf(query, 'format', formatNames, 'pprof')
  if (tree && format === 'cpuprofile') throw treeHasManyThreads()
  return {
    seconds: wholeNumber(query, 'seconds', {
      fallback: profile.seconds,
      min: 1,
      max: limits.maxSeconds,
    }),
    hz: wholeNumber(query, 'hz', { fallback: profile.hz, min: 1, max: maxHz }),
    tree,
    force: oneOf(query, 'force', ['0', '1'], '0') === '1',
    sourcemaps: wantsSources(query, context),
    format,
  }
}

async function record(
  context: ServerContext,
  target: Target,
  { seconds, hz, tree, force, format, sourcemaps }: ProfileParameters,
  signal: AbortSignal,
): Promise<ProfileAnswer> {
  const { targets, symbols, limits } = context
  const maxPauseMs = force ? undefined : limits.maxPauseMs
  const mainThreadOnly = format === 'cpuprofile'
  const options = { durationMs: seconds * 1000, hz, mainThreadOnly, maxPauseMs, signal }
  const recording = await (tree ? recordCpuTree : recordCpu)(targets, target, options)
  if (signal.aborted) throw new CaptureError('capture-aborted', 'nobody waits for the profile')
  const sources = targetSources(context, recording.target, sourcemaps)
  const encoded = await encodeCpuProfile(recording, format, sources)
  symbols.add(encoded.symbols)
  return { recording, bytes: encoded.bytes }
}

function send(reply: FastifyReply, format: CpuFormat, answer: ProfileAnswer): FastifyReply {
  const { recording, bytes } = answer
  const { contentType, extension } = cpuFormats[format]
  // Go's name for pprof, which has no extension; the others open by theirs.
  const file = format === 'pprof' ? 'profile' : `profile-${recording.target.pid}${extension}`
  return reply
    .headers({
      'Content-Type': contentType,
      'Content-Disposition': `attachment; filename="${file}"`,
      'X-Pprofd-Pid': recording.target.pid,
      'X-Pprofd-Attach-Ms': recording.attachMs.toFixed(1),
      'X-Pprofd-Start-Pause-Ms': recording.startPauseMs.toFixed(1),
      'X-Pprofd-Stop-Pause-Ms': recording.stopPauseMs.toFixed(1),
    })
    .send(bytes)
}
