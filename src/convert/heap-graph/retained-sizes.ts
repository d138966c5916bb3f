import type { Dominators } from './dominators.ts'

/** For each node its own size and those of all that it dominates: what would be free without it. */
export function retainedSizes({ order, immediate }: Dominators, sizes: Float64Array): Float64Array {
  const retained = sizes.slice()
  for (let i = order.length - 1; i > 0; i--) {
    const node = order[i] ?? 0
    const dominator = immediate[node] ?? 0
    retained[dominator] = (retained[dominator] ?? 0) + (retained[node] ?? 0)
  }
  return retained
}
