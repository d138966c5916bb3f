/**
 * How many heap snapshots are analysed at once: each may take limits.maxRetainedBytes, and
 * `pprof -diff_base URL URL` sends two requests at once.
 */
import { CapturesExhausted } from './capture-admission.ts'

const maxAnalyses = 2

/** What a heap of some 300 MB takes, for whoever is told to come back. */
export const typicalAnalysisMs = 30_000

export class SnapshotAnalyses {
  #running = 0

  /** @throws {CapturesExhausted} where too many run. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= maxAnalyses) {
      const seconds = typicalAnalysisMs / 1000
      const message = `${maxAnalyses} heap snapshots are being analysed already, and each takes much memory; ask again in ${seconds} s`
      throw new CapturesExhausted(message, seconds)
    }
    this.#running++
    try {
      return await work()
    } finally {
      this.#running--
    }
  }
}
