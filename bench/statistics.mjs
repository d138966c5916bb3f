// Figures of many runs: how they are summed up, shown and written. In a table and in a template they are text,
// in JSON numbers.
import { inspect } from 'node:util'

/** Median, least and most. */
export class Spread {
  constructor(values, digits) {
    const sorted = values.toSorted((a, b) => a - b)
    this.count = sorted.length
    this.median = medianOf(sorted)
    this.min = sorted[0]
    this.max = sorted.at(-1)
    this.#digits = digits
  }
  #digits

  toString() {
    const { median, min, max } = this
    if (![median, min, max].every(Number.isFinite)) return '-'
    const text = (value) => value.toFixed(this.#digits)
    return `${text(median)} (${text(min)} to ${text(max)})`
  }

  [inspect.custom]() {
    return this.toString()
  }
}

/**
 * Median and the interval that holds the true one in 95 of 100 cases, whatever the distribution: it is bounded by
 * two of the values, which the binomial distribution names. Fewer than six values: the least and the most.
 */
export class Estimate {
  constructor(values, digits) {
    const sorted = values.toSorted((a, b) => a - b)
    const rank = rankBelow(sorted.length)
    this.count = sorted.length
    this.median = medianOf(sorted)
    this.low = sorted[rank]
    this.high = sorted.at(-1 - rank)
    this.#digits = digits
  }
  #digits

  toString() {
    const { median, low, high } = this
    if (![median, low, high].every(Number.isFinite)) return '-'
    const text = (value) => value.toFixed(this.#digits)
    return `${text(median)} [${text(low)} to ${text(high)}]`
  }

  [inspect.custom]() {
    return this.toString()
  }
}

export function medianOf(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}

/** How many of the least values are below the interval: fewer than half of 5 % of all cases. */
function rankBelow(count) {
  let rank = 0
  let term = 0.5 ** count
  let below = term
  while (below <= 0.025) {
    rank += 1
    term *= (count - rank + 1) / rank
    below += term
  }
  return Math.max(0, rank - 1)
}
