/** What a rule may still do with a target. Pure; times are wall-clock ms, for they survive restarts. */
import type { Rule } from './rule.ts'

/** What is kept of one rule and one target's name. */
export interface Firings {
  /** When captures began that count, the oldest first. */
  readonly atMs: readonly number[]
  /** Attempts in a row that failed before anything was taken. */
  readonly failures: number
  /** Of the last attempt that failed. */
  readonly failedAtMs: number
  /** The runs of the process it fired for, the last ones: some triggers fire once for each. */
  readonly instances: readonly string[]
  readonly last?: LastFiring | undefined
}

export interface LastFiring {
  readonly atMs: number
  /** What was measured and why it fired, in words. */
  readonly reason: string
  /** What came of it, in words. */
  readonly outcome: string
  readonly ok: boolean
}

export const noFirings: Firings = { atMs: [], failures: 0, failedAtMs: 0, instances: [] }

/** Of the processes that one name stands for at the same time. */
export const maxInstances = 64

export interface Budget {
  readonly left: number
  /** When it may fire next, in ms since the epoch; 0: now. */
  readonly nextAtMs: number
  /** What it waits for. */
  readonly waitsFor: 'nothing' | 'cooldown' | 'budget' | 'failure'
}

const firstRetryMs = 30_000
const longestRetryMs = 3_600_000

export function budgetOf({ atMost, per, cooldown }: Rule, firings: Firings, nowMs: number): Budget {
  const counted = firings.atMs.filter((atMs) => nowMs - atMs < per * 1000)
  const left = Math.max(0, atMost - counted.length)
  const newest = firings.atMs.at(-1)
  const freeAtMs = left > 0 ? 0 : (counted.at(-atMost) ?? 0) + per * 1000
  const cooledAtMs = newest === undefined ? 0 : newest + cooldown * 1000
  const retryAtMs = firings.failures === 0 ? 0 : firings.failedAtMs + retryDelayMs(firings.failures)
  if (freeAtMs > nowMs && freeAtMs >= cooledAtMs) {
    return { left, nextAtMs: freeAtMs, waitsFor: 'budget' }
  }
  if (cooledAtMs > nowMs) return { left, nextAtMs: cooledAtMs, waitsFor: 'cooldown' }
  if (retryAtMs > nowMs) return { left, nextAtMs: retryAtMs, waitsFor: 'failure' }
  return { left, nextAtMs: 0, waitsFor: 'nothing' }
}

/** Half a minute, doubled with each failure in a row, an hour at most. */
export function retryDelayMs(failures: number): number {
  return Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(failures - 1, 10))
}

/** A capture has begun: it counts from now on, also if pprofd dies in its middle. */
export function withFiring(
  firings: Firings,
  { atMost }: Rule,
  { instance, nowMs }: { readonly instance: string; readonly nowMs: number },
): Firings {
  const others = firings.instances.filter((one) => one !== instance)
  return {
    ...firings,
    atMs: [...firings.atMs, nowMs].slice(-atMost),
    instances: [...others, instance].slice(-maxInstances),
  }
}

/** Nothing was taken: what was counted at `atMs` is given back, and the next attempt waits. */
export function withFailure(firings: Firings, atMs: number, nowMs: number): Firings {
  return {
    ...firings,
    atMs: firings.atMs.filter((at) => at !== atMs),
    failures: firings.failures + 1,
    failedAtMs: nowMs,
  }
}
