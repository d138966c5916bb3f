/** A stall from when it was noticed until its report. */
import type { CpuTime } from '../proc/thread-times.ts'
import type { Target } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'
import { gatherEvidence } from './stall-evidence.ts'
import type { StallEvidence, StallReport } from './stall-report.ts'
import type { Turn } from './turn-tracker.ts'
import type { DetectedBy } from './watched-loop.ts'

export interface StallStart {
  readonly target: Target
  readonly turn: Turn
  readonly thresholdMs: number
  readonly detectedBy: DetectedBy
  readonly passedOver: number
  readonly mayAttach: boolean
  /** CLOCK_MONOTONIC, ms. */
  readonly noticedAtMs: number
  /** Whether the turn still goes on. */
  readonly goesOn: () => boolean
  readonly clockMs: () => number
}

export class OpenStall {
  readonly turn: Turn
  readonly #start: StallStart
  readonly #startedAtMs: number
  readonly #over = new AbortController()
  readonly #evidence: Promise<StallEvidence>
  readonly #cpuBefore: Promise<CpuTime | undefined>
  readonly #targets: Targets

  constructor(targets: Targets, start: StallStart) {
    const { target, turn, mayAttach, noticedAtMs } = start
    this.turn = turn
    this.#start = start
    this.#targets = targets
    this.#startedAtMs = Date.now() - (noticedAtMs - turn.sinceMs)
    this.#cpuBefore = this.#cpuTime()
    this.#evidence = gatherEvidence(targets, {
      target,
      mayAttach,
      signal: this.#over.signal,
      elapsedMs: () => (start.goesOn() ? start.clockMs() - turn.sinceMs : undefined),
    })
  }

  /** Ends the looking and says what was seen. */
  async report(id: number, durationMs: number, ended: boolean): Promise<StallReport> {
    if (ended) this.#over.abort()
    const cpuAfter = await this.#cpuTime()
    const [before, evidence] = await Promise.all([this.#cpuBefore, this.#evidence])
    const { target, thresholdMs, detectedBy, passedOver } = this.#start
    return {
      ...evidence,
      id,
      target,
      startedAtMs: this.#startedAtMs,
      durationMs,
      ended,
      thresholdMs,
      detectedBy,
      processor: used(before, cpuAfter),
      passedOver,
    }
  }

  /** Lets go of the target at once. */
  giveUp(): Promise<unknown> {
    this.#over.abort()
    return this.#evidence
  }

  #cpuTime(): Promise<CpuTime | undefined> {
    const { target } = this.#start
    return this.#targets.cpuTime(target, target.pid).catch(() => undefined)
  }
}

function used(before: CpuTime | undefined, after: CpuTime | undefined): StallReport['processor'] {
  if (before === undefined || after === undefined) return undefined
  const queuedUs = (after.queuedUs ?? 0) - (before.queuedUs ?? 0)
  return { usedMs: (after.usedUs - before.usedUs) / 1000, queuedMs: queuedUs / 1000 }
}
