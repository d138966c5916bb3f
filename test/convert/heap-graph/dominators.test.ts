import t from 'tap'
import { BitSet } from '../../../src/convert/heap-graph/bit-set.ts'
import { type FlowGraph, findDominators } from '../../../src/convert/heap-graph/dominators.ts'
import { retainedSizes } from '../../../src/convert/heap-graph/retained-sizes.ts'

/** From each node the nodes that it refers to; a negative one is a reference that does not count. */
type Lists = readonly (readonly number[])[]

t.test('the example of the paper has the dominators of the paper', (t) => {
  // Figure 1 of Lengauer and Tarjan, R A B C D E F G H I J K L as 0 to 12.
  const [R, A, B, C, D, E, F, G, H, I, J, K, L] = Array.from({ length: 13 }, (_, node) => node)
  const lists = [
    [A, B, C],
    [D],
    [A, D, E],
    [F, G],
    [L],
    [H],
    [I],
    [I, J],
    [E, K],
    [K],
    [I],
    [R, I],
    [H],
  ]
  const dominators = immediateOf(lists as Lists)
  t.strictSame(dominators, [R, R, R, R, R, R, C, C, R, R, G, R, D])
  t.end()
})

t.test('what nothing that counts leads to is held by the root', (t) => {
  const cases: readonly (readonly [what: string, lists: Lists, dominators: readonly number[]])[] = [
    ['a root alone', [[]], [0]],
    ['a weak reference', [[-1], []], [0, 0]],
    ['what hangs on a weak reference', [[-1], [2], []], [0, 0, 1]],
    ['a circle', [[], [2], [1]], [0, 0, 0]],
    ['a circle that also holds what the root holds', [[3], [2], [1, 3], []], [0, 0, 0, 0]],
    ['a garbage object that holds what the root holds', [[2], [2], []], [0, 0, 0]],
    ['a reference to itself', [[1], [1]], [0, 0]],
    ['a reference to the root', [[1], [0, 2], [0]], [0, 0, 1]],
  ]
  for (const [what, lists, dominators] of cases) t.strictSame(immediateOf(lists), dominators, what)
  t.end()
})

t.test('on random graphs they are what removing each object and searching again finds', (t) => {
  const random = randomNumbers(20_240_601)
  for (let round = 0; round < 400; round++) {
    const count = 2 + random(30)
    const lists = Array.from({ length: count }, () =>
      Array.from({ length: random(4) }, () => random(count) * (random(8) === 0 ? -1 : 1)),
    )
    const graph = graphOf(lists)
    const sizes = Float64Array.from({ length: count }, () => random(100))
    const found = findDominators(graph)
    const { immediate, retained } = bySearching(lists, sizes)
    t.strictSame([...found.immediate], immediate, JSON.stringify(lists))
    t.strictSame([...retainedSizes(found, sizes)], retained, JSON.stringify(lists))
    const place = new Map([...found.order].map((node, index) => [node, index]))
    t.equal(place.size, count, 'every node has its place')
    const isOrdered = [...found.immediate].every(
      (dominator, node) => node === 0 || (place.get(dominator) ?? 0) < (place.get(node) ?? 0),
    )
    t.ok(isOrdered, 'dominators come first')
  }
  t.end()
})

t.test('a linked list of a million, with an end that leads back, is no deeper than others', (t) => {
  const count = 1_000_000
  const firstEdges = Uint32Array.from({ length: count + 1 }, (_, node) => node)
  const edgeTargets = Uint32Array.from({ length: count }, (_, node) => (node + 1) % count)
  const retaining = new BitSet(count)
  for (let edge = 0; edge < count; edge++) retaining.add(edge)
  const found = findDominators({ nodeCount: count, firstEdges, edgeTargets, retaining })
  t.ok(found.immediate.every((dominator, node) => node === 0 || dominator === node - 1))
  const retained = retainedSizes(found, new Float64Array(count).fill(1))
  t.equal(retained[0], count)
  t.equal(retained[count - 1], 1)
  t.end()
})

function immediateOf(lists: Lists): number[] {
  return [...findDominators(graphOf(lists)).immediate]
}

function graphOf(lists: Lists): FlowGraph {
  const targets = lists.flat()
  const firstEdges = new Uint32Array(lists.length + 1)
  for (const [node, list] of lists.entries()) {
    firstEdges[node + 1] = (firstEdges[node] ?? 0) + list.length
  }
  const retaining = new BitSet(targets.length)
  for (const [edge, target] of targets.entries()) if (counts(target)) retaining.add(edge)
  const edgeTargets = Uint32Array.from(targets, Math.abs)
  return { nodeCount: lists.length, firstEdges, edgeTargets, retaining }
}

function counts(target: number): boolean {
  return target > 0 || Object.is(target, 0)
}

/** O(n^2): a dominates b when b cannot be reached without a. */
function bySearching(lists: Lists, sizes: Float64Array) {
  const held = withRootEdges(lists)
  const all = reached(held, -1)
  const without = lists.map((_, removed) => reached(held, removed))
  const dominates = (a: number, b: number) => a !== b && (a === 0 || !without[a]?.has(b))
  const immediate = lists.map((_, node) => {
    if (node === 0) return 0
    const dominators = [...all].filter((other) => dominates(other, node))
    // The closest is the one that all others dominate.
    return dominators.find((one) =>
      dominators.every((other) => other === one || dominates(other, one)),
    )
  })
  const retained = lists.map((_, node) =>
    [...all].reduce((sum, other) => {
      return sum + (other === node || dominates(node, other) ? (sizes[other] ?? 0) : 0)
    }, 0),
  )
  return { immediate, retained }
}

/** As documented: first what nothing holds, then what is still not reached, hangs on the root. */
function withRootEdges(lists: Lists): readonly (readonly number[])[] {
  const held = lists.map((list, node) => list.filter((target) => counts(target) && target !== node))
  const targets = new Set(lists.flatMap((list) => list.filter(counts)))
  const first = reached(held, -1)
  for (const node of held.keys()) {
    if (!first.has(node) && !targets.has(node)) held[0]?.push(node)
  }
  const second = reached(held, -1)
  for (const node of held.keys()) if (!second.has(node)) held[0]?.push(node)
  return held
}

function reached(lists: readonly (readonly number[])[], removed: number): Set<number> {
  const seen = new Set<number>()
  const stack = removed === 0 ? [] : [0]
  while (stack.length > 0) {
    const node = stack.pop() ?? 0
    if (seen.has(node) || node === removed) continue
    seen.add(node)
    stack.push(...(lists[node] ?? []))
  }
  return seen
}

/** Mulberry32, so that a failure can be repeated: https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), 1 | state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return Math.floor((((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}
