// What Grafana Alloy makes of consecutive profiles before it sends them on (its fastdelta package, which is
// Datadog's): stacks are matched by their addresses and labels, and four columns are subtracted.
import type { Profile, Sample } from '../../src/pprof/profile.ts'

/** Of the type `memory`; those of `block` and `mutex` are contentions and delay. */
const subtracted = ['alloc_objects', 'alloc_space']

export class AlloyDelta {
  readonly #before = new Map<string, readonly number[]>()
  #isFirst = true

  /** The samples that Alloy sends; none of the first profile, from which it only learns. */
  next(profile: Profile): readonly (readonly number[])[] {
    const sums = new Map<string, number[]>()
    for (const sample of profile.samples) {
      const key = keyOf(sample)
      const sum = sums.get(key) ?? sample.values.map(() => 0)
      sums.set(
        key,
        sum.map((value, index) => value + (sample.values[index] ?? 0)),
      )
    }
    const sent = [...sums].map(([key, values]) => {
      const old = this.#before.get(key) ?? []
      this.#before.set(key, values)
      return values.map((value, index) => {
        const isSubtracted = subtracted.includes(profile.sampleTypes[index]?.type ?? '')
        return isSubtracted ? value - (old[index] ?? 0) : value
      })
    })
    const wasFirst = this.#isFirst
    this.#isFirst = false
    return wasFirst ? [] : sent.filter((values) => values.some((value) => value !== 0))
  }
}

function keyOf({ stack, labels }: Sample): string {
  const pairs = labels.map(({ key, str, num }) => `${key}=${str}${num}`).sort()
  return `${stack.map((location) => location?.address).join(' ')} ${pairs.join(' ')}`
}
