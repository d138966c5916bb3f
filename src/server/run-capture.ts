/** What every route that touches a target does around its capture: a slot, an end for clients that leave, one log line. */
import type { FastifyReply } from 'fastify'
import { OperationalError } from '../errors.ts'
import type { Target } from '../targets/target.ts'
import type { ServerContext, TargetRequest } from './context.ts'
import { abortOnDisconnect } from './disconnect.ts'

export interface CaptureJob<Result> {
  /** Called so in the log: `cpu` is logged as `cpu capture ended`. */
  readonly name: string
  /** How long it records; whoever is refused a slot is told to come back after that. */
  readonly durationMs: number
  /** What was asked for, for the log. */
  readonly wanted: object
  readonly work: (signal: AbortSignal) => Promise<Result>
  /** What the result says of its cost, for the log. */
  readonly cost: (result: Result) => CaptureCost
}

export interface CaptureCost {
  readonly [key: string]: string | number | boolean | undefined
}

/**
 * Runs the capture in a slot of the admission and logs one line of it, whatever the outcome.
 * @throws {CaptureError} captures-exhausted, and whatever `work` throws.
 */
export async function runCapture<Result>(
  { admission }: ServerContext,
  request: TargetRequest,
  reply: FastifyReply,
  target: Target,
  { name, durationMs, wanted, work, cost }: CaptureJob<Result>,
): Promise<Result> {
  const startedMs = performance.now()
  const log = (outcome: string, costs: CaptureCost = {}) => {
    const elapsedMs = Math.round(performance.now() - startedMs)
    // `pid` is the daemon's own in every line of pino's.
    const line = { target: target.id, targetPid: target.pid, ...wanted, outcome, elapsedMs }
    request.log.info({ ...line, ...rounded(costs) }, `${name} capture ended`)
  }
  const abort = abortOnDisconnect(reply)
  try {
    const capture = { targetKey: targetKey(target), durationMs, abort }
    const result = await admission.run(capture, () => work(abort.signal))
    log('ok', cost(result))
    return result
  } catch (error) {
    log(error instanceof OperationalError ? error.code : 'internal-error')
    throw error
  }
}

/** One process may have two names; the limit is per process. */
export function targetKey({ id, pid, startTimeTicks }: Target): string {
  return pid === 0 ? id : `${pid}/${startTimeTicks}`
}

/** Tenths are as exact as a round trip tells. */
function rounded(costs: CaptureCost): CaptureCost {
  return Object.fromEntries(
    Object.entries(costs).map(([key, value]) => [
      key,
      typeof value === 'number' ? Math.round(value * 10) / 10 : value,
    ]),
  )
}
