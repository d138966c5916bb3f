/** GET /debug/pprof/goroutine: what every piece of work of the target does or waits for right now. */
import { InputError } from '../../errors.ts'
import type { GoroutineFormat } from '../../snapshot/goroutine-formats.ts'
import type { Handler, ServerContext } from '../context.ts'
import { type DeclaredParameters, readDeclared } from '../declared-parameters.ts'
import { deltaSeconds, looseNumber } from '../delta-seconds.ts'
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
import type { Query } from '../parameters.ts'
import { requestTarget } from '../request-target.ts'
import { runCapture } from '../run-capture.ts'
import { debugParameter, deltaParameter, type ParameterSettings } from '../shared-parameters.ts'

export function goroutineParameters(settings: ParameterSettings) {
  return {
    debug: {
      ...debugParameter,
      description:
        '1 counts equal stacks as text, 2 and more show one block each. Not with seconds. What is no number counts as 0.',
    },
    seconds: deltaParameter(settings, 'What changed within that time, from two snapshots.'),
    format: {
      kind: 'choice',
      choices: ['pprof', 'json', 'markdown'],
      fallback: 'pprof',
      description:
        'The form of the answer; markdown with seconds is a leak report. Not with debug.',
    },
    ...panicparseParameters(settings),
    ...methodParameters,
  } as const satisfies DeclaredParameters
}

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
  const declared = goroutineParameters(context)
  const debug = looseNumber(query, 'debug')
  const seconds = deltaSeconds(query, { isText: debug !== 0, max: declared.seconds.max })
  const { format } = readDeclared(query, { format: declared.format })
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
