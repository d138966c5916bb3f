/** GET /debug/pprof/profile: the CPU profile. */
import { type CpuFormat, cpuFormats, treeHasManyThreads } from '../../convert/cpu-formats.ts'
import type { Handler, ServerContext } from '../context.ts'
import {
  type CpuWork,
  checkLast,
  cpuCost,
  cpuParameters,
  recordForAnswer,
  recordingMs,
  sendCpuAnswer,
} from '../cpu-request.ts'
import { type DeclaredParameters, readDeclared } from '../declared-parameters.ts'
import type { Query } from '../parameters.ts'
import { requestTarget } from '../request-target.ts'
import { runCapture } from '../run-capture.ts'
import type { ParameterSettings } from '../shared-parameters.ts'

const formatNames = Object.keys(cpuFormats) as CpuFormat[]

export function profileParameters(settings: ParameterSettings) {
  return {
    ...cpuParameters(settings, settings.profile.hz),
    format: {
      kind: 'choice',
      choices: formatNames,
      fallback: 'pprof',
      description: 'The form of the answer. cpuprofile has the main thread only.',
    },
  } as const satisfies DeclaredParameters
}

export function profileHandler(context: ServerContext): Handler {
  return async (request, reply) => {
    const wanted = readParameters(request.query, context)
    const { format } = wanted
    const target = await requestTarget(context.targets, request)
    const work: CpuWork = {
      ...wanted,
      kind: 'profile',
      mainThreadOnly: format === 'cpuprofile',
    }
    const answer = await runCapture(context, request, reply, target, {
      name: 'cpu',
      durationMs: recordingMs(wanted),
      wanted,
      work: (signal) => recordForAnswer(context, target, work, signal),
      cost: cpuCost,
    })
    return sendCpuAnswer(reply, 'profile', answer)
  }
}

function readParameters(query: Query, context: ServerContext) {
  const wanted = readDeclared(query, profileParameters(context))
  checkLast(query, wanted)
  if (wanted.tree && wanted.format === 'cpuprofile') throw treeHasManyThreads()
  return wanted
}
