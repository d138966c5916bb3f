/**
 * GET /ui/targets: what the landing page shows of the targets, again and again. Read from /proc only:
 * nothing is attached to, signalled or asked.
 */
import { OperationalError } from '../../errors.ts'
import type { Target } from '../../targets/target.ts'
import type { TargetFigures } from '../../targets/target-figures.ts'
import type { Targets } from '../../targets/targets.ts'
import type { Handler, ServerContext } from '../context.ts'
import { jsonText } from '../json-text.ts'
import { pageKinds } from '../page/kinds.ts'
import { fileName, shownCommand } from '../page/shown.ts'
import { requestableTargets } from '../request-target.ts'
import { targetPath } from '../target-links.ts'

export function pageTargetsHandler({ targets, limits }: ServerContext): Handler {
  return async (request, reply) => {
    const known = await requestableTargets(targets, request)
    const shown = await Promise.all(
      known.map(async (target) => describe(targets, target, await targets.figures(target))),
    )
    const kinds = pageKinds.map(({ kind, label, tells, seconds }) => {
      return { kind, label, tells, seconds: Math.min(seconds, limits.maxSeconds) }
    })
    const answer = { maxSeconds: limits.maxSeconds, kinds, targets: shown }
    return reply.type('application/json; charset=utf-8').send(jsonText(answer))
  }
}

function describe(targets: Targets, target: Target, figures: TargetFigures | undefined): object {
  const { cpuMs, atMs, residentBytes, threads, uptimeSeconds, nodeVersion } = figures ?? {}
  return {
    id: target.id,
    key: targetKeyText(target),
    name: target.name,
    kind: target.kind,
    pid: target.pid || null,
    command: shownCommand(target),
    path: targetPath(target),
    fileName: fileName(target),
    nodeVersion: nodeVersion ?? null,
    figures: figures ? { cpuMs, atMs, residentBytes, threads, uptimeSeconds } : null,
    denied: denied(targets, target),
  }
}

/** One process under one name, for as long as it runs. */
export function targetKeyText({ id, pid, startTimeTicks }: Target): string {
  return `${id}/${pid}/${startTimeTicks}`
}

/** By what may not be taken of it: why. */
function denied(targets: Targets, target: Target): Readonly<Record<string, string>> {
  const wanted = [...pageKinds.map(({ kind, permission }) => ({ kind, permission }))]
  const others = ['fgtrace', 'heapsnapshot'].map((kind) => ({ kind, permission: kind }))
  const reasons: Record<string, string> = {}
  for (const { kind, permission } of [...wanted, ...others]) {
    try {
      targets.checkAllowed(target, permission)
    } catch (error) {
      if (!(error instanceof OperationalError)) throw error
      reasons[kind] = error.message
    }
  }
  return reasons
}
