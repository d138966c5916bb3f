/**
 * What panicparse's documentation wraps around its handler: one at a time and one an interval. Here
 * for each target, and whoever comes too early is told when to come back.
 */
import { CapturesExhausted } from './capture-admission.ts'

export class Throttle {
  readonly #nowMs: () => number
  /** By key: when the next one may begin; Infinity while one runs. */
  readonly #nextMs = new Map<string, number>()

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs
  }

  /** @throws {CapturesExhausted} where one runs, or the last one ended less than `intervalMs` ago. */
  async run<T>(key: string, intervalMs: number, work: () => Promise<T>): Promise<T> {
    this.#forgetPassed()
    const nextMs = this.#nextMs.get(key)
    if (nextMs !== undefined) {
      // Nobody knows when the running one ends: mostly within a second.
      const waitMs = Number.isFinite(nextMs) ? nextMs - this.#nowMs() : intervalMs
      throw new CapturesExhausted('retry later', Math.max(1, Math.ceil(waitMs / 1000)))
    }
    this.#nextMs.set(key, Number.POSITIVE_INFINITY)
    try {
      return await work()
    } finally {
      this.#nextMs.set(key, this.#nowMs() + intervalMs)
    }
  }

  #forgetPassed(): void {
    const nowMs = this.#nowMs()
    for (const [key, nextMs] of this.#nextMs) if (nextMs <= nowMs) this.#nextMs.delete(key)
  }
}
