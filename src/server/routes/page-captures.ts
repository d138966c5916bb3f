/** POST /ui/captures: records for the landing page, which nothing that merely follows links can do. */

import { InputError } from '../../errors.ts'
import { callerOf } from '../caller.ts'
import type { Handler, ServerContext } from '../context.ts'
import { jsonText } from '../json-text.ts'
import { describeResult } from '../page/describe-result.ts'
import { type PageKind, pageKind, pageKinds } from '../page/kinds.ts'
import type { Wish } from '../page/recorded.ts'
import { firstValue, oneOf, type Query, wholeNumber } from '../parameters.ts'
import { requestTarget } from '../request-target.ts'
import { runCapture } from '../run-capture.ts'

/**
 * target: as everywhere.
 * kind: profile, wall, heap, goroutine, trace, retained, allocs, block or mutex.
 * seconds: (default: the kind's) how long to record, where it has a duration. Minimum is 1, maximum
 *   limits.maxSeconds.
 * force: (default: 0) 1 records although the estimated pause or cost is above what is allowed.
 */
export function pageCaptureHandler(context: ServerContext): Handler {
  return async (request, reply) => {
    const kind = readKind(request.query)
    const wish = readWish(request.query, kind, context.limits.maxSeconds)
    const target = await requestTarget(context.targets, request)
    const { label, logName } = kind
    const recorded = await runCapture(context, request, reply, target, {
      name: logName,
      durationMs: wish.seconds === 0 ? kind.typicalMs : wish.seconds * 1000,
      wanted: { ...wish, page: true },
      work: (signal) => kind.record(context, target, wish, signal),
      cost: ({ cost }) => cost,
    })
    const result = context.results.keep(
      {
        kind: kind.kind,
        label,
        target: { id: target.id, name: target.name, pid: target.pid },
        uid: callerOf(request.raw).uid,
        seconds: wish.seconds,
        captureId: String(reply.getHeader('X-Pprofd-Capture')),
      },
      recorded,
    )
    return reply.type('application/json; charset=utf-8').send(jsonText(describeResult(result)))
  }
}

function readKind(query: Query): PageKind {
  const name = firstValue(query, 'kind') ?? ''
  const kind = pageKind(name)
  if (kind !== undefined) return kind
  const names = pageKinds.map(({ kind }) => kind).join(', ')
  throw new InputError(
    'parameter-invalid',
    `kind must be one of ${names}, not ${JSON.stringify(name.slice(0, 40))}`,
  )
}

function readWish(query: Query, { seconds }: PageKind, max: number): Wish {
  const force = oneOf(query, 'force', ['0', '1'], '0') === '1'
  if (seconds === 0) return { seconds: 0, force }
  const fallback = Math.min(seconds, max)
  return { seconds: wholeNumber(query, 'seconds', { fallback, min: 1, max }), force }
}
