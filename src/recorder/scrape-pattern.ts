/** Whether somebody asks for a target's profile again and again, as a scraper does. */

/** So many requests at about the same distance; two are chance. */
const minRequests = 3

/** Rarer ones are cheaper without a session that stays. */
const maxGapMs = 120_000

/** The longest distance to the shortest: a scraper waits for answers, and is late at times. */
const maxRatio = 1.5

/** So many scrapes may fail to come before the scraper counts as gone. */
const patience = 3

export class ScrapePattern {
  readonly #timesMs: number[] = []
  /** Samples a second that the newest request wanted. */
  hz = 0

  note(nowMs: number, hz: number): void {
    // Another rate is another scraper.
    if (hz !== this.hz) this.#timesMs.length = 0
    this.hz = hz
    this.#timesMs.push(nowMs)
    if (this.#timesMs.length > minRequests) this.#timesMs.shift()
  }

  /** Whether requests came regularly, and the next one is not long overdue. */
  isRegular(nowMs: number): boolean {
    const gapsMs = this.#timesMs.slice(1).map((atMs, index) => atMs - (this.#timesMs[index] ?? 0))
    const longestMs = Math.max(...gapsMs)
    if (gapsMs.length < minRequests - 1 || longestMs > maxGapMs) return false
    if (longestMs > Math.min(...gapsMs) * maxRatio) return false
    return nowMs - (this.#timesMs.at(-1) ?? 0) <= longestMs * patience
  }
}
