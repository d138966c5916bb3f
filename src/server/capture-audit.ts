/** The end of a capture, said in `/captures` and in its one line of the log, the audit. */
import type { FastifyBaseLogger } from 'fastify'
import type { Target } from '../targets/target.ts'
import type { Caller } from './caller.ts'
import type { CaptureCost } from './capture-account.ts'
import type { CaptureList, RunningCapture } from './capture-list.ts'

export interface AuditedCapture {
  readonly log: FastifyBaseLogger
  readonly caller: Caller
  readonly target: Target
  readonly job: { readonly name: string; readonly wanted: object }
  /** Undefined: it got no slot. */
  readonly entry: RunningCapture | undefined
}

export interface AuditedEnd {
  /** `ok`, or the code of the error. */
  readonly outcome: string
  readonly reason: string | undefined
  readonly elapsedMs: number
  readonly sentBytes?: number | undefined
  readonly cost?: CaptureCost & { readonly sharedWith?: string | undefined }
}

export function auditEnd(
  captures: CaptureList,
  { log, caller, target, job, entry }: AuditedCapture,
  { outcome, reason, elapsedMs, sentBytes, cost = {} }: AuditedEnd,
): void {
  const { sharedWith, pauseMs, ...others } = cost
  const result = { outcome, reason, pauseMs: rounded(pauseMs), sharedWith, elapsedMs }
  const end = { ...result, sentBytes }
  entry?.end(end)
  captures.count(job.name, end)
  const { uid = null, address } = caller
  const who = { capture: entry?.id, kind: job.name, uid, address }
  // `pid` is the daemon's own in every line of pino's.
  const what = { target: target.id, targetPid: target.pid, ...job.wanted }
  const costs = Object.entries(others).map(([key, value]) => [key, rounded(value)])
  log.info({ ...who, ...what, ...Object.fromEntries(costs), ...end }, `${job.name} capture ended`)
}

/** Tenths are as exact as a round trip tells. */
function rounded<T>(value: T): T | number {
  return typeof value === 'number' ? Math.round(value * 10) / 10 : value
}
