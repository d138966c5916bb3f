/** How often a target's stalls may be looked into: each look may attach to it. */
export interface StallLimits {
  /** From one report of a target to its next stall that is looked into. */
  readonly cooldownMs: number
  readonly perHour: number
}

const hourMs = 3_600_000

export class StallBudget {
  /** When the reports of the last hour were begun, ms of any clock that does not jump. */
  #begunMs: readonly number[] = []
  #passedOver = 0

  /** Takes one from the budget, and returns how many were passed over before; undefined: not now. */
  take(nowMs: number, { cooldownMs, perHour }: StallLimits): number | undefined {
    this.#begunMs = this.#begunMs.filter((atMs) => nowMs - atMs < hourMs)
    const last = this.#begunMs.at(-1) ?? Number.NEGATIVE_INFINITY
    if (nowMs - last < cooldownMs || this.#begunMs.length >= perHour) {
      this.#passedOver++
      return undefined
    }
    this.#begunMs = [...this.#begunMs, nowMs]
    const passedOver = this.#passedOver
    this.#passedOver = 0
    return passedOver
  }
}
