/** What every route that touches a target does around its capture: a slot, an account of it, an end for clients that leave. */
import type { FastifyReply } from 'fastify'
import { OperationalError } from '../errors.ts'
import type { Target } from '../targets/target.ts'
import { CaptureAccount, type CaptureCost } from './capture-account.ts'
import type { ServerContext, TargetRequest } from './context.ts'
import { abortOnDisconnect } from './disconnect.ts'

export interface CaptureJob<Result> {
  /** Called so in the log and by `/captures`: `cpu` is logged as `cpu capture ended`. */
  readonly name: string
  /** How long it records; whoever is refused a slot is told to come back after that. */
  readonly durationMs: number
  /** What was asked for, for the log. */
  readonly wanted: object
  readonly work: (signal: AbortSignal) => Promise<Result>
  /** What the result says of its cost, for the log. */
  readonly cost: (result: Result) => CaptureCost
  /** What of the result several captures may have been given; undefined: nothing. */
  readonly shared?: (result: Result) => object
}

/**
 * Runs the capture in a slot of the admission. Whatever comes of it, one line of the log says so: when it
 * has failed, or when its answer is sent.
 * @throws {CaptureError} captures-exhausted, capture-ended, and whatever `work` throws.
 */
export async function runCapture<Result>(
  { admission, captures }: ServerContext,
  request: TargetRequest,
  reply: FastifyReply,
  target: Target,
  job: CaptureJob<Result>,
): Promise<Result> {
  const abort = abortOnDisconnect(reply)
  const account = new CaptureAccount(captures, { request, reply, target, job, abort })
  const { uid } = account.caller
  const slot = { targetKey: targetKey(target), uid, durationMs: job.durationMs, abort }
  try {
    const result = await admission.run(slot, () => {
      account.begin()
      return job.work(abort.signal)
    })
    account.recorded(job.cost(result), job.shared?.(result))
    return result
  } catch (error) {
    const reason = whyItEnded(error, abort.signal)
    account.failed(reason)
    throw reason
  }
}

/** One process may have two names; the limit is per process. */
export function targetKey({ id, pid, startTimeTicks }: Target): string {
  return pid === 0 ? id : `${pid}/${startTimeTicks}`
}

/** Whoever aborted it says why; what the work makes of that is its own affair. */
export function whyItEnded(error: unknown, { aborted, reason }: AbortSignal): unknown {
  return aborted && reason instanceof OperationalError ? reason : error
}
