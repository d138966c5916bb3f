/** Runs in the target, see target-source.ts: everything that keeps its event loop waiting. */
import { clockMs } from './clock-ms.ts'
import {
  createCollector,
  type Internals,
  type Limits,
  type RawCut,
  type RawEntry,
} from './collector.ts'
import { listFetches } from './fetches.ts'
import { listHandles } from './handles.ts'
import { listRequests } from './requests.ts'
import { listImmediates, listTimers } from './timers.ts'

export interface RawInventory {
  readonly entries: readonly RawEntry[]
  readonly cuts: readonly RawCut[]
  /** What could not be read, in words. */
  readonly failures: readonly string[]
  readonly costMs: number
  readonly functionCount: number
  readonly subjectCount: number
}

/** Where the functions and promises that need a second look stay until then: an object of our session. */
export interface Holder {
  functions?: readonly unknown[]
  subjects?: readonly unknown[]
}

export function inventory(
  holder: Holder,
  internalBinding: Internals['internalBinding'],
  timerListMap: Internals['timerListMap'],
  immediateQueue: unknown,
  limits: Limits,
): string {
  const startedMs = clockMs()
  const internals: Internals = { internalBinding, timerListMap, immediateQueue }
  const collector = createCollector(internals, limits)
  const failures: string[] = []
  // Each step may use what the earlier ones left, but none of the time of the later ones.
  const steps = [
    [listRequests, 0.2],
    [listHandles, 0.6],
    [listFetches, 0.7],
    [listTimers, 0.95],
    [listImmediates, 1],
  ] as const
  for (const [step, part] of steps) {
    collector.allow(part)
    try {
      step(collector, internals)
    } catch (error) {
      failures.push(`${step.name}: ${String(error).slice(0, 200)}`)
    }
  }
  holder.functions = collector.functions
  holder.subjects = collector.subjects
  const { entries, cuts, functions, subjects } = collector
  const counts = { functionCount: functions.length, subjectCount: subjects.length }
  const costMs = clockMs() - startedMs
  return JSON.stringify({ entries, cuts, failures, costMs, ...counts })
}
