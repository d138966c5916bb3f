/** GET /debug/pprof/retained: who holds the memory, out of a heap snapshot. */
import type { FastifyReply } from 'fastify'
import type { Handler, ServerContext } from '../context.ts'
import { type DeclaredParameters, readDeclared } from '../declared-parameters.ts'
import { requestTarget } from '../request-target.ts'
import { type RetainedAnswer, recordRetained, retainedCost } from '../retained-request.ts'
import { runCapture } from '../run-capture.ts'
import { snapshotForceParameter } from '../shared-parameters.ts'
import { typicalAnalysisMs } from '../snapshot-analyses.ts'

export const retainedParameters = {
  force: snapshotForceParameter,
} as const satisfies DeclaredParameters

export function retainedHandler(context: ServerContext): Handler {
  return async (request, reply) => {
    const wanted = readDeclared(request.query, retainedParameters)
    const target = await requestTarget(context.targets, request)
    const answer = await runCapture(context, request, reply, target, {
      name: 'retained',
      durationMs: typicalAnalysisMs,
      wanted,
      work: (signal) => recordRetained(context, target, wanted, signal),
      cost: retainedCost,
    })
    return send(reply, answer)
  }
}

function send(reply: FastifyReply, { recording, profile }: RetainedAnswer): FastifyReply {
  return reply
    .headers({
      'Content-Type': 'application/octet-stream',
      'Content-Disposition': 'attachment; filename="retained"',
      'X-Pprofd-Pid': recording.target.pid,
      'X-Pprofd-Attach-Ms': recording.attachMs.toFixed(1),
      'X-Pprofd-Pause-Ms': recording.pauseMs.toFixed(1),
    })
    .send(profile.bytes)
}
