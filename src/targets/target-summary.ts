/** A target and its pre-flight as plain JSON, for the command line and the server alike. */
import type { PauseEstimate } from './pause-estimate.ts'
import type { Check, Preflight } from './target.ts'

export interface TargetSummary {
  readonly id: string
  /** The stable id of this run of the process; also a name of the target in URLs. */
  readonly instance: string | null
  readonly name: string
  readonly service: string
  readonly kind: string
  /** Null for a target known by its port only. */
  readonly pid: number | null
  readonly uid: number | null
  readonly executable: string
  readonly arguments: readonly string[]
  readonly workingDirectory: string
  readonly attachable: boolean
  readonly via: string | null
  readonly port: number | null
  readonly refusal: string | null
  readonly estimatedPause: PauseEstimate | null
  readonly warnings: readonly string[]
  readonly checks: readonly Check[]
}

export function targetSummary(preflight: Preflight): TargetSummary {
  const { target, attachable, via, port, refusal, estimatedPause, warnings, checks } = preflight
  return {
    id: target.id,
    instance: target.instance || null,
    name: target.name,
    service: target.service ?? target.name,
    kind: target.kind,
    pid: target.pid || null,
    uid: target.uid < 0 ? null : target.uid,
    executable: target.executable,
    arguments: target.argv,
    workingDirectory: target.workingDirectory,
    attachable,
    via: via ?? null,
    port: port ?? null,
    refusal: refusal ?? null,
    estimatedPause: estimatedPause ?? null,
    warnings,
    checks,
  }
}
