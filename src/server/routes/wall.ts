/** GET /debug/pprof/wall: where threads spend their time, on and off the CPU, as fgprof has it. */
import { encodeWallProfile, wallFormats, wallHz } from '../../convert/wall-formats.ts'
import type { Handler, ServerContext } from '../context.ts'
import {
  type CpuWork,
  cpuCost,
  readCpuParameters,
  recordForAnswer,
  sendCpuAnswer,
} from '../cpu-request.ts'
import { oneOf } from '../parameters.ts'
import { requestTarget } from '../request-target.ts'
import { runCapture } from '../run-capture.ts'

/**
 * seconds: (default: profile.seconds of the configuration) how long to record. Minimum is 1,
 *   maximum limits.maxSeconds.
 * hz: (default: 99) samples per second. Minimum is 1, maximum is 1000.
 * tree: (default: 0) 1 records the Node processes below the target, too, into one profile.
 * force: (default: 0) 1 records although the estimated pause is above limits.maxPauseMs.
 * sourcemaps: (default: sourceMaps of the configuration) 0 leaves names and lines as they run.
 * format: (default: pprof) or collapsed.
 */
export function wallHandler(context: ServerContext): Handler {
  return async (request, reply) => {
    const format = oneOf(request.query, 'format', wallFormats, 'pprof')
    const wanted = { ...readCpuParameters(request.query, context, wallHz), format }
    const target = await requestTarget(context.targets, request)
    const work: CpuWork = {
      ...wanted,
      kind: 'wall',
      mainThreadOnly: false,
      encode: (recording, sources) => encodeWallProfile(recording, format, sources),
    }
    const answer = await runCapture(context, request, reply, target, {
      name: 'wall',
      durationMs: wanted.seconds * 1000,
      wanted,
      work: (signal) => recordForAnswer(context, target, work, signal),
      cost: cpuCost,
    })
    return sendCpuAnswer(reply, 'wall', answer)
  }
}
