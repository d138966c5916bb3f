/** GET /debug/pprof/wall: where threads spend their time, on and off the CPU, as fgprof has it. */
import { wallFormats, wallHz } from '../../convert/wall-formats.ts'
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
import { requestTarget } from '../request-target.ts'
import { runCapture } from '../run-capture.ts'
import type { ParameterSettings } from '../shared-parameters.ts'

export function wallParameters(settings: ParameterSettings) {
  return {
    ...cpuParameters(settings, wallHz),
    format: {
      kind: 'choice',
      choices: wallFormats,
      fallback: 'pprof',
      description: 'The form of the answer.',
    },
  } as const satisfies DeclaredParameters
}

export function wallHandler(context: ServerContext): Handler {
  return async (request, reply) => {
    const wanted = readDeclared(request.query, wallParameters(context))
    checkLast(request.query, wanted)
    const target = await requestTarget(context.targets, request)
    const work: CpuWork = {
      ...wanted,
      kind: 'wall',
      mainThreadOnly: false,
    }
    const answer = await runCapture(context, request, reply, target, {
      name: 'wall',
      durationMs: recordingMs(wanted),
      wanted,
      work: (signal) => recordForAnswer(context, target, work, signal),
      cost: cpuCost,
    })
    return sendCpuAnswer(reply, 'wall', answer)
  }
}
