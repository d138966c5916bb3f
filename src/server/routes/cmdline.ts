import { TargetError } from '../../errors.ts'
import type { Handler, ServerContext } from '../context.ts'
import { requestTarget } from '../request-target.ts'

/** GET /debug/pprof/cmdline: the target's arguments joined by NUL, nothing after the last one. */
export function cmdlineHandler({ targets }: ServerContext): Handler {
  return async (request, reply) => {
    const target = await requestTarget(targets, request)
    if (target.argv.length === 0) {
      throw new TargetError(
        'target-refused',
        `the command line of target ${target.id} is not known: it is reached by its port only`,
      )
    }
    return reply.type('text/plain; charset=utf-8').send(target.argv.join('\0'))
  }
}
