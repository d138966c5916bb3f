/** GET /debug/pprof/goroutine: what every piece of work of the target does or waits for right now. */
import { InputError } from '../../errors.ts'
import type { GoroutineFormat } from '../../snapshot/goroutine-formats.ts'
import type { Handler, ServerContext } from '../context.ts'
import { deltaSeconds, looseNumber } from '../delta-seconds.ts'
import {
  readMethod,
  readPanicparseParameters,
  type SnapshotWish,
  snapshotCost,
  snapshotHeaders,
  takeSnapshot,
  wishDurationMs,
} from '../goroutine-request.ts'
import { oneOf, type Query } from '../parameters.ts'
import { requestTarget } from '../request-target.ts'
import { runCapture } from '../run-capture.ts'

/**
 * debug: (default: 0) 1 counts equal stacks as text, 2 and more show one block each. Not with seconds.
 * seconds: (default: none) what changed within that time. Minimum is 1, maximum limits.maxSeconds.
 * format: (default: pprof) json or markdown, which is a leak report with seconds. Not with debug.
 * similarity: (default: anypointer) how alike the entries of a bucket are; of json and markdown.
 * augment: (default: 1) 0 reads no package.json of the target; of json and markdown.
 * maxmem: (default: goroutine.maxHeapBytes) most bytes of the target's heaps that may be read in a
 *   pass. Minimum is 1048576: less is raised.
 * promises: (default: 0) 1 finds suspended functions by their promises, which stops the target.
 * worker: (default: 0) 1 reads the memory by a worker thread that is started in the target. Not with
 *   promises or deep.
 * deep: (default: 0) 1 finds them in a heap snapshot, with what they wait for; that stops it for longer.
 * sourcemaps: (default: sourceMaps of the configuration) 0 leaves names and lines as they run.
 * force: (default: 0) 1 goes on although the pause or the memory that it takes is estimated too large.
 */
export function goroutineHandler(context: ServerContext): Handler {
  return async (request, reply) => {
    const wanted = readParameters(request.query, context)
    const target = await requestTarget(context.targets, request)
    const answer = await runCapture(context, request, reply, target, {
      name: 'goroutine',
      durationMs: wishDurationMs(wanted),
      wanted,
      work: (signal) => takeSnapshot(context, target, wanted, signal),
      cost: snapshotCost,
      shared: ({ taken }) => taken,
    })
    if (wanted.format === 'pprof') {
      const file = wanted.seconds === undefined ? 'goroutine' : 'goroutine-delta'
      reply.header('Content-Disposition', `attachment; filename="${file}"`)
    }
    return reply.headers(snapshotHeaders(answer, wanted)).send(answer.encoded.bytes)
  }
}

function readParameters(query: Query, context: ServerContext): SnapshotWish {
  const debug = looseNumber(query, 'debug')
  const seconds = deltaSeconds(query, { isText: debug !== 0, max: context.limits.maxSeconds })
  const format = oneOf(query, 'format', ['pprof', 'json', 'markdown'], 'pprof')
  if (format !== 'pprof' && debug !== 0) {
    throw new InputError('parameter-invalid', 'format and debug params are incompatible')
  }
  return {
    ...readPanicparseParameters(query, context),
    format: debug === 0 ? format : textOf(debug),
    seconds,
    ...readMethod(query),
  }
}

function textOf(debug: number): GoroutineFormat {
  return debug >= 2 ? 'text' : 'counts'
}
