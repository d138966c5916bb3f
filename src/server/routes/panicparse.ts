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
  methodParameters,
  panicparseParameters,
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
import { deltaParameter, type ParameterSettings } from '../shared-parameters.ts'
import { Throttle } from '../throttle.ts'

const pagePolicy = contentSecurityPolicy(pageStyle, pageScript)

export function panicparseRouteParameters(settings: ParameterSettings) {
  return {
    ...panicparseParameters(settings),
    seconds: deltaParameter(settings, 'Which buckets grow within that time.'),
    ...methodParameters,
  } as const
}

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
  const { seconds } = panicparseRouteParameters(context)
  return {
    ...readPanicparseParameters(query, context),
    format: 'html',
    seconds: deltaSeconds(query, { isText: false, max: seconds.max }),
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
