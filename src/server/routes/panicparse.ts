/**
 * GET /debug/panicparse: the goroutine snapshot as a page, with the parameters and sentences of
 * panicparse's webstack: https://pkg.go.dev/github.com/maruel/panicparse/v2/stack/webstack
 */
import { availableParallelism } from 'node:os'
import type { PageOptions } from '../../snapshot/page.ts'
import { pageScript } from '../../snapshot/page-script.ts'
import { pageStyle } from '../../snapshot/page-style.ts'
import type { Target } from '../../targets/target.ts'
import type { Handler, ServerContext, TargetRequest } from '../context.ts'
import { deltaSeconds } from '../delta-seconds.ts'
import {
  readMethod,
  readPanicparseParameters,
  type SnapshotWish,
  snapshotCost,
  snapshotHeaders,
  takeSnapshot,
  wishDurationMs,
} from '../goroutine-request.ts'
import { firstValue, type Query } from '../parameters.ts'
import { requestTarget } from '../request-target.ts'
import { contentSecurityPolicy } from '../response-headers.ts'
import { runCapture, targetKey } from '../run-capture.ts'
import { Throttle } from '../throttle.ts'

const pagePolicy = contentSecurityPolicy(pageStyle, pageScript)

/**
 * maxmem: (default: goroutine.maxHeapBytes) most bytes of the target's heaps that may be read in a
 *   pass. Minimum is 1048576: less is raised.
 * augment: (default: 1) 0 reads no package.json of the target, so that packages have no version and no link.
 * similarity: (default: anypointer) exactflags, exactlines, anypointer or anyvalue.
 * seconds: (default: none) which buckets grow within that time. Minimum is 1, maximum limits.maxSeconds.
 * promises: (default: 0) 1 finds suspended functions by their promises, which stops the target.
 * worker: (default: 0) 1 reads the memory by a worker thread that is started in the target. Not with
 *   promises or deep.
 * deep: (default: 0) 1 finds them in a heap snapshot, with what they wait for; that stops it for longer.
 * sourcemaps: (default: sourceMaps of the configuration) 0 leaves names and lines as they run.
 * force: (default: 0) 1 goes on although the pause or the memory that it takes is estimated too large.
 */
export function panicparseHandler(context: ServerContext): Handler {
  const throttle = new Throttle()
  return async (request, reply) => {
    const wanted = readParameters(request.query, context)
    const target = await requestTarget(context.targets, request)
    const { minIntervalMs } = context.goroutine
    const page = pageOptions(request, target)
    const answer = await runCapture(context, request, reply, target, {
      name: 'panicparse',
      durationMs: wishDurationMs(wanted),
      wanted,
      work: (signal) =>
        throttle.run(targetKey(target), minIntervalMs, () =>
          takeSnapshot(context, target, wanted, signal, page),
        ),
      cost: snapshotCost,
      shared: ({ taken }) => taken,
    })
    return reply
      .headers(snapshotHeaders(answer, wanted))
      .header('Content-Security-Policy', pagePolicy)
      .send(answer.encoded.bytes)
  }
}

function readParameters(query: Query, context: ServerContext): SnapshotWish {
  return {
    ...readPanicparseParameters(query, context),
    format: 'html',
    seconds: deltaSeconds(query, { isText: false, max: context.limits.maxSeconds }),
    ...readMethod(query),
  }
}

function pageOptions({ params, query }: TargetRequest, { id }: Target): PageOptions {
  const isInQuery = params.target === undefined && firstValue(query, 'target') !== undefined
  return {
    targetParameter: isInQuery ? id : undefined,
    facts: [['CPUs of the host', String(availableParallelism())]],
  }
}
