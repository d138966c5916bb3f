/** The readings of one figure of one target in a sliding window. Pure: time comes with the readings. */
import type { Summary } from './trigger.ts'

export interface WindowState {
  /** Undefined: there are too few readings to say anything. */
  readonly value: number | undefined
  /** What the readings cover, at most the window's length and the distance of two readings. */
  readonly coveredMs: number
  readonly readings: number
  /** Whether they cover the whole window. */
  readonly full: boolean
}

interface Reading {
  readonly atMs: number
  readonly value: number
}

/** Beyond the window, without a reading: the daemon slept, and nothing is known of that time. */
const longestGapMs = 5000
/** The highest rate of readings is one a second, the longest window an hour. */
const maxReadings = 4000

export class ReadingWindow {
  readonly #lengthMs: number
  readonly #summary: Summary
  #readings: Reading[] = []

  constructor(lengthMs: number, summary: Summary) {
    this.#lengthMs = lengthMs
    this.#summary = summary
  }

  get isLatest(): boolean {
    return this.#summary === 'latest'
  }

  /** Readings that are no newer than the last one are none. */
  add(atMs: number, value: number): void {
    const last = this.#readings.at(-1)
    if (last !== undefined && atMs <= last.atMs) return
    const isGap = last !== undefined && atMs - last.atMs > this.#lengthMs + longestGapMs
    // A counter that falls is another one.
    const isNew = this.#summary === 'rate' && last !== undefined && value < last.value
    if (isGap || isNew || this.#summary === 'latest') this.#readings = []
    this.#readings.push({ atMs, value })
    this.#forget(atMs)
  }

  clear(): void {
    this.#readings = []
  }

  /** As of the last reading. */
  state(): WindowState {
    const readings = this.#readings
    const [first, last] = [readings[0], readings.at(-1)]
    if (first === undefined || last === undefined) {
      return { value: undefined, coveredMs: 0, readings: 0, full: false }
    }
    const coveredMs = last.atMs - first.atMs
    const tellsAtOnce = this.#summary === 'latest' || this.#summary === 'highest'
    const full = tellsAtOnce || (readings.length > 1 && coveredMs >= this.#lengthMs)
    return { value: this.#value(first, last), coveredMs, readings: readings.length, full }
  }

  /** One reading at or before the window's begin stays, so that the window is covered to its edge. */
  #forget(nowMs: number): void {
    const beginMs = nowMs - this.#lengthMs
    const keepFrom = this.#readings.findLastIndex(({ atMs }) => atMs <= beginMs)
    if (keepFrom > 0) this.#readings.splice(0, keepFrom)
    if (this.#readings.length > maxReadings) this.#readings.shift()
  }

  #value(first: Reading, last: Reading): number | undefined {
    const values = this.#readings.map(({ value }) => value)
    switch (this.#summary) {
      case 'rate':
        return first === last ? undefined : (last.value - first.value) / (last.atMs - first.atMs)
      case 'average':
        return values.reduce((sum, value) => sum + value, 0) / values.length
      case 'lowest':
        return Math.min(...values)
      case 'highest':
        return Math.max(...values)
      case 'latest':
        return last.value
    }
  }
}
