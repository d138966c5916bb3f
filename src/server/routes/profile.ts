/** GET /debug/pprof/profile: the CPU profile, the one route here that touches a target. */
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
import { CaptureError, OperationalError } from '../../errors.ts'
import type { Target } from '../../targets/target.ts'
import type { Handler, ServerContext, TargetRequest } from '../context.ts'
import { abortOnDisconnect } from '../disconnect.ts'
import { oneOf, wholeNumber } from '../parameters.ts'
import { requestTarget } from '../request-target.ts'

/** The highest rate that captures/ records at: beyond it the target pays more than it tells. */
const maxHz = 1000

const formatNames = Object.keys(cpuFormats) as CpuFormat[]

/**
 * seconds: (default: profile.seconds of the configuration) how long to record. Minimum is 1,
 *   maximum limits.maxSeconds.
 * hz: (default: profile.hz) samples per second. Minimum is 1, maximum is 1000.
 * tree: (default: 0) 1 records the Node processes below the target, too, into one profile.
 * force: (default: 0) 1 records although the estimated pause is above limits.maxPauseMs.
 * format: (default: pprof) or cpuprofile, speedscope, collapsed, markdown.
 */
export function profileHandler(context: ServerContext): Handler {
  return async (request, reply) => {
    const wanted = readParameters(request, context)
    const target = await requestTarget(context.targets, request)
    const abort = abortOnDisconnect(reply)
    const capture = { targetKey: targetKey(target), durationMs: wanted.seconds * 1000, abort }
    const audit = startAudit(request, target, wanted)
    try {
      const answer = await context.admission.run(capture, () =>
        record(context, target, wanted, abort.signal),
      )
      audit.end('ok', answer)
      return send(reply, wanted.format, answer)
    } catch (error) {
      audit.end(error instanceof OperationalError ? error.code : 'internal-error')
      throw error
    }
  }
}

interface ProfileParameters {
  readonly seconds: number
  readonly hz: number
  readonly tree: boolean
  readonly force: boolean
  readonly format: CpuFormat
}

interface ProfileAnswer {
  readonly recording: CpuRecording
  readonly bytes: Uint8Array
}

function readParameters(
  { query }: TargetRequest,
  { limits, profile }: ServerContext,
): ProfileParameters {
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
    format,
  }
}

/** One process may have two names; the limit is per process. */
function targetKey({ id, pid, startTimeTicks }: Target): string {
  return pid === 0 ? id : `${pid}/${startTimeTicks}`
}

async function record(
  { targets, symbols, limits }: ServerContext,
  target: Target,
  { seconds, hz, tree, force, format }: ProfileParameters,
  signal: AbortSignal,
): Promise<ProfileAnswer> {
  const maxPauseMs = force ? undefined : limits.maxPauseMs
  const mainThreadOnly = format === 'cpuprofile'
  const options = { durationMs: seconds * 1000, hz, mainThreadOnly, maxPauseMs, signal }
  const recording = await (tree ? recordCpuTree : recordCpu)(targets, target, options)
  if (signal.aborted) throw new CaptureError('capture-aborted', 'nobody waits for the profile')
  const encoded = await encodeCpuProfile(recording, format)
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

/** One log line for each capture, with what it cost the target. */
function startAudit(request: TargetRequest, target: Target, wanted: ProfileParameters) {
  const startedMs = performance.now()
  return {
    end(outcome: string, answer?: ProfileAnswer): void {
      const { recording, bytes } = answer ?? {}
      request.log.info(
        {
          target: target.id,
          // `pid` is the daemon's own in every line of pino's.
          targetPid: target.pid,
          ...wanted,
          outcome,
          elapsedMs: Math.round(performance.now() - startedMs),
          attachMs: roundToTenth(recording?.attachMs),
          startPauseMs: roundToTenth(recording?.startPauseMs),
          stopPauseMs: roundToTenth(recording?.stopPauseMs),
          openedInspector: recording?.openedInspector,
          sizeBytes: bytes?.byteLength,
        },
        'cpu capture ended',
      )
    },
  }
}

function roundToTenth(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms * 10) / 10
}
