/**
 * panicparse's order of buckets (stack/bucket.go, stack.go `less`): first the one that holds the
 * first entry, then those with more frames of the main package, of the application, of linked
 * packages, of dependencies, of the runtime; then by what they are called.
 */
import type { Bucket } from './aggregate.ts'
import { type Call, locations } from './call.ts'

/** Ranks are counted once for each bucket, not once for each comparison. */
export function compareBuckets(buckets: readonly Bucket[]): (a: Bucket, b: Bucket) => number {
  const ranks = new Map(buckets.map((bucket) => [bucket, rankOf(bucket)]))
  return (a, b) =>
    compareNumbers(ranks.get(a) ?? [], ranks.get(b) ?? []) ||
    compareStacks(a.stack, b.stack) ||
    compareText(a.kind, b.kind) ||
    compareText(a.state, b.state) ||
    b.count - a.count ||
    (a.ids[0] ?? 0) - (b.ids[0] ?? 0)
}

/** Larger comes first. */
function rankOf({ isFirst, stack }: Bucket): readonly number[] {
  const counts = locations.map((location) => {
    return stack.filter((call) => call.location === location).length
  })
  return [isFirst ? 1 : 0, ...counts]
}

function compareNumbers(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const difference = (b[index] ?? 0) - value
    if (difference !== 0) return difference
  }
  return 0
}

function compareStacks(a: readonly Call[], b: readonly Call[]): number {
  for (const [index, call] of a.entries()) {
    const other = b[index]
    if (!other) return 1
    const order =
      compareText(call.function, other.function) ||
      compareText(call.file, other.file) ||
      call.line - other.line ||
      call.column - other.column
    if (order !== 0) return order
  }
  return a.length - b.length
}

/** By code units, so that the order is the same in every locale. */
function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
