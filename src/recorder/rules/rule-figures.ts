/**
 * The figures that triggers look at: of the kernel, in a few small files of /proc, and of whoever is in
 * a session with the target anyway. Nothing is attached to for watching.
 */
import { readOpenFiles } from '../../proc/open-files.ts'
import { readProcessFigures } from '../../proc/process-figures.ts'
import { readProcessMemory } from '../../targets/process-memory.ts'
import type { Target } from '../../targets/target.ts'
import type { LiveFigures } from '../live-figures.ts'
import { type Rule, type TriggerKind, triggerOf } from './rule.ts'

/** A reading of one trigger's figure, or why there is none. */
export type FigureReading =
  | { readonly atMs: number; readonly value: number }
  | { readonly unknown: string }

/** What the kernel told of a target at one moment. */
export interface KernelFigures {
  readonly cpuMs: number
  /** On the clock of `performance.now`, which nobody sets. */
  readonly clockMs: number
  readonly residentBytes: number
  readonly ageSeconds: number
  /** The smaller of its control group's limit and the machine's memory; undefined: not asked, or unknown. */
  readonly memoryLimitBytes?: number | undefined
  readonly openFiles?: number | undefined
  readonly openFilesLimit?: number | undefined
}

/** Limits are seldom changed, and reading them takes ten files. */
const limitAgeMs = 30_000

const needsSession = 'needs record.continuous, which asks the target itself'

export class KernelReader {
  readonly #procRoot: string
  /** By instance. */
  readonly #limits = new Map<
    string,
    { readonly atMs: number; readonly bytes: number | undefined }
  >()

  constructor(procRoot: string) {
    this.#procRoot = procRoot
  }

  /** Undefined when the process is gone. `rules`: those that look at this target. */
  async read(target: Target, rules: readonly Rule[]): Promise<KernelFigures | undefined> {
    const kinds = new Set(rules.map((rule) => triggerOf(rule)[0]))
    const wantsFiles = kinds.has('openFiles') || kinds.has('openFilesShare')
    const [figures, memoryLimitBytes, files] = await Promise.all([
      readProcessFigures(target, this.#procRoot),
      kinds.has('memoryShare') ? this.#memoryLimit(target) : undefined,
      wantsFiles ? readOpenFiles(target.pid, this.#procRoot) : undefined,
    ])
    return (
      figures && {
        cpuMs: figures.cpuMs,
        clockMs: figures.atMs,
        residentBytes: figures.residentBytes,
        ageSeconds: figures.uptimeSeconds,
        memoryLimitBytes,
        openFiles: files?.count,
        openFilesLimit: files?.limit,
      }
    )
  }

  /** Forgets what is not among these. */
  keep(instances: ReadonlySet<string>): void {
    for (const instance of this.#limits.keys()) {
      if (!instances.has(instance)) this.#limits.delete(instance)
    }
  }

  async #memoryLimit({ pid, instance }: Target): Promise<number | undefined> {
    const known = this.#limits.get(instance)
    const nowMs = performance.now()
    if (known !== undefined && nowMs - known.atMs < limitAgeMs) return known.bytes
    const { cgroup, host } = await readProcessMemory(pid, this.#procRoot)
    const limits = [cgroup?.limitBytes, host?.totalBytes].filter((bytes) => bytes !== undefined)
    const bytes = limits.length === 0 ? undefined : Math.min(...limits)
    this.#limits.set(instance, { atMs: nowMs, bytes })
    return bytes
  }
}

/** What one trigger makes of it; `restarts` are counted elsewhere. */
export function kernelReading(kind: TriggerKind, figures: KernelFigures): FigureReading {
  const { clockMs: atMs, residentBytes, memoryLimitBytes, openFiles, openFilesLimit } = figures
  switch (kind) {
    case 'cpu':
      // CPU time in ms over wall time in ms is a number of cores.
      return { atMs, value: figures.cpuMs }
    case 'memoryBytes':
      return { atMs, value: residentBytes }
    case 'memoryShare':
      return shareOf(atMs, residentBytes, memoryLimitBytes, 'its memory limit is not in sight')
    case 'openFiles':
      return openFiles === undefined ? { unknown: filesHidden } : { atMs, value: openFiles }
    case 'openFilesShare':
      return openFiles === undefined
        ? { unknown: filesHidden }
        : shareOf(atMs, openFiles, openFilesLimit, 'it has no limit of open files')
    case 'ageSeconds':
      return { atMs, value: figures.ageSeconds }
    default:
      return { unknown: needsSession }
  }
}

const filesHidden =
  'the kernel does not show its open files to this user; run pprofd as its user, or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH'

/** `clockMs`: now, on the clock of the other readings. */
export function liveReading(
  kind: TriggerKind,
  live: LiveFigures | undefined,
  clockMs: number,
): FigureReading {
  if (live === undefined) return { unknown: needsSession }
  const atMs = clockMs - live.ageMs
  const { usedHeapBytes, heapLimitBytes, loopUtilization, loopDelayMs } = live
  switch (kind) {
    case 'heapShare':
      return usedHeapBytes === undefined
        ? { unknown: needsSession }
        : shareOf(atMs, usedHeapBytes, heapLimitBytes, 'its heap limit is not known')
    case 'loopUtilization':
      return loopUtilization === undefined
        ? { unknown: needsSession }
        : { atMs, value: loopUtilization }
    default:
      return loopDelayMs?.max === undefined
        ? { unknown: needsSession }
        : { atMs, value: loopDelayMs.max }
  }
}

function shareOf(
  atMs: number,
  value: number,
  limit: number | undefined,
  unknown: string,
): FigureReading {
  return limit === undefined || limit <= 0 ? { unknown } : { atMs, value: value / limit }
}
