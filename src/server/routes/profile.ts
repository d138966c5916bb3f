/** GET /debug/pprof/profile: the CPU profile. */
import {
  type CpuFormat,
  cpuFormats,
  encodeCpuProfile,
  treeHasManyThreads,
} from '../../convert/cpu-formats.ts'
import type { Handler, ServerContext } from '../context.ts'
import {
  type CpuParameters,
  type CpuWork,
  cpuCost,
  readCpuParameters,
  recordForAnswer,
  sendCpuAnswer,
} from '../cpu-request.ts'
import { oneOf, type Query } from '../parameters.ts'
import { requestTarget } from '../request-target.ts'
import { runCapture } from '../run-capture.ts'

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
    const wanted = readParameters(request.query, context)
    const { format } = wanted
    const target = await requestTarget(context.targets, request)
    const work: CpuWork = {
      ...wanted,
      kind: 'profile',
      mainThreadOnly: format === 'cpuprofile',
      encode: (recording, sources) => encodeCpuProfile(recording, format, sources),
    }
    const answer = await runCapture(context, request, reply, target, {
      name: 'cpu',
      durationMs: wanted.seconds * 1000,
      wanted,
      work: (signal) => recordForAnswer(context, target, work, signal),
      cost: cpuCost,
    })
    return sendCpuAnswer(reply, 'profile', answer)
  }
}

interface ProfileParameters extends CpuParameters {
  readonly format: CpuFormat
}

function readParameters(query: Query, context: ServerContext): ProfileParameters {
  const wanted = readCpuParameters(query, context, context.profile.hz)
  const format = oneOf(query, 'format', formatNames, 'pprof')
  if (wanted.tree && format === 'cpuprofile') throw treeHasManyThreads()
  return { ...wanted, format }
}
