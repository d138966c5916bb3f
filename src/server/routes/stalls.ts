/** GET /stalls: which event loops are watched, and the stalls that were looked into. It looks at no target. */
import type { StallReport } from '../../recorder/stall-report.ts'
import type { WatchedTarget } from '../../recorder/stall-watch.ts'
import { mayUse } from '../../targets/target-rights.ts'
import { rightsOf } from '../access.ts'
import type { Handler, ServerContext } from '../context.ts'
import { jsonText } from '../json-text.ts'

export function stallsHandler({ stalls }: ServerContext): Handler {
  return (request, reply) => {
    const rights = rightsOf(request)
    const isSeen = ({ target }: Pick<WatchedTarget, 'target'>) => mayUse(target, rights)
    // A stack is what the goroutine profile shows.
    const reports = rights?.deny.includes('goroutine') ? [] : stalls.reports.filter(isSeen)
    const answer = {
      thresholdMs: stalls.thresholdMs,
      watched: stalls.watched().filter(isSeen).map(describeWatched),
      stalls: reports.map(describeReport),
    }
    return reply.type('application/json; charset=utf-8').send(jsonText(answer))
  }
}

function describeWatched({ target: { id, name, pid }, detectedBy }: WatchedTarget): object {
  return { target: id, name, pid, detectedBy: detectedBy ?? null }
}

function describeReport(report: StallReport): object {
  const { id, target, nodeVersion, durationMs, ended, thresholdMs, detectedBy, stacks } = report
  return {
    id,
    target: target.id,
    name: target.name,
    instance: target.instance,
    pid: target.pid,
    nodeVersion,
    startedAt: new Date(report.startedAtMs).toISOString(),
    durationMs: Math.round(durationMs),
    ended,
    thresholdMs,
    detectedBy,
    processor: report.processor ?? null,
    waitsFor: report.waitsFor ?? null,
    passedOver: report.passedOver,
    notes: report.notes,
    stacks: stacks.map(({ afterMs, frames }) => ({ afterMs: Math.round(afterMs), frames })),
  }
}
