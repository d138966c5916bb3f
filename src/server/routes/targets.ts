/** The targets as JSON, for scripts and service discovery. */
import type { Preflight, Target } from '../../targets/target.ts'
import type { Handler, ServerContext } from '../context.ts'
import { jsonText } from '../json-text.ts'
import { requestableTargets, requestTarget } from '../request-target.ts'
import { targetPath } from '../target-links.ts'

const json = 'application/json; charset=utf-8'

/** GET /targets: every process that whoever asks may name in a URL, pprofd itself last. */
export function targetsHandler({ targets }: ServerContext): Handler {
  return async (request, reply) => {
    const known = await requestableTargets(targets, request)
    return reply.type(json).send(jsonText({ targets: known.map(describe) }))
  }
}

/** GET /targets/<target>: one of them. */
export function targetHandler({ targets }: ServerContext): Handler {
  return async (request, reply) => {
    const target = await requestTarget(targets, request)
    return reply.type(json).send(jsonText(describe(target)))
  }
}

/** GET /targets/<target>/preflight: what attaching would do, and why not. It touches nothing. */
export function preflightHandler({ targets }: ServerContext): Handler {
  return async (request, reply) => {
    const preflight = await targets.preflight(await requestTarget(targets, request))
    return reply.type(json).send(jsonText(describePreflight(preflight)))
  }
}

function describe(target: Target): object {
  return {
    id: target.id,
    instance: target.instance || null,
    name: target.name,
    service: target.service ?? target.name,
    kind: target.kind,
    pid: target.pid,
    // A 64-bit count: as a number it could lose digits.
    startTimeTicks: String(target.startTimeTicks),
    executable: target.executable,
    argv: target.argv,
    workingDirectory: target.workingDirectory,
    uid: target.uid,
    port: target.port ?? null,
    maySignal: target.maySignal,
    index: `${targetPath(target)}/debug/pprof/`,
    preflight: `${targetPath(target)}/preflight`,
  }
}

function describePreflight(preflight: Preflight): object {
  return {
    target: describe(preflight.target),
    attachable: preflight.attachable,
    via: preflight.via ?? null,
    port: preflight.port ?? null,
    refusal: preflight.refusal ?? null,
    estimatedPause: preflight.estimatedPause ?? null,
    warnings: preflight.warnings,
    checks: preflight.checks,
  }
}
