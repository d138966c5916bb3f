/** GET /debug/pprof/threadcreate: every thread of the target. */
import { listThreads, type ThreadList } from '../../captures/thread-list.ts'
import { type EncodedThreads, threadsPprof, threadsText } from '../../convert/thread-list.ts'
import type { Handler, ServerContext } from '../context.ts'
import { type DeclaredParameters, readDeclared } from '../declared-parameters.ts'
import { deltaSeconds, looseNumber } from '../delta-seconds.ts'
import type { Query } from '../parameters.ts'
import { requestTarget } from '../request-target.ts'
import { runCapture } from '../run-capture.ts'
import { debugParameter, deltaParameter, type ParameterSettings } from '../shared-parameters.ts'

export function threadcreateParameters(settings: ParameterSettings) {
  return {
    debug: debugParameter,
    seconds: deltaParameter(settings, 'Only threads that were started within that time.'),
    workers: {
      kind: 'flag',
      fallback: false,
      description: '1 attaches to the target and asks its workers for their names and scripts.',
    },
  } as const satisfies DeclaredParameters
}

export function threadcreateHandler(context: ServerContext): Handler {
  return async (request, reply) => {
    const wanted = readParameters(request.query, context)
    const { seconds, debug, workers } = wanted
    const target = await requestTarget(context.targets, request)
    const durationMs = (seconds ?? 0) * 1000
    const { list, encoded } = await runCapture(context, request, reply, target, {
      name: 'threadcreate',
      durationMs,
      wanted,
      work: async (signal) => {
        const list = await listThreads(context.targets, target, { durationMs, workers, signal })
        return { list, encoded: await encode(list, debug !== 0) }
      },
      cost: ({ list }) => ({ threads: list.threads.length }),
    })
    context.symbols.add(encoded.symbols)
    reply.header('X-Pprofd-Pid', list.target.pid)
    if (debug !== 0) return reply.type('text/plain; charset=utf-8').send(encoded.bytes)
    const file = seconds === undefined ? 'threadcreate' : 'threadcreate-delta'
    return reply
      .type('application/octet-stream')
      .header('Content-Disposition', `attachment; filename="${file}"`)
      .send(encoded.bytes)
  }
}

function encode(list: ThreadList, isText: boolean): EncodedThreads | Promise<EncodedThreads> {
  return isText ? threadsText(list) : threadsPprof(list)
}

function readParameters(query: Query, context: ServerContext) {
  const { seconds, workers } = threadcreateParameters(context)
  const debug = looseNumber(query, 'debug')
  return {
    debug,
    seconds: deltaSeconds(query, { isText: debug !== 0, max: seconds.max }),
    ...readDeclared(query, { workers }),
  }
}
