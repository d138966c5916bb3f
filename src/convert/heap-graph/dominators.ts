/**
 * Immediate dominators: the one object that, gone, would let another go.
 * Thomas Lengauer and Robert Endre Tarjan: A fast algorithm for finding dominators in a flowgraph.
 * ACM TOPLAS 1, 1 (1979), 121-141, https://doi.org/10.1145/357062.357071; the variant with path
 * compression alone, O(m log n). The names of the arrays are the paper's, vertices are known by their
 * numbers in depth-first order, and nothing recurses: a linked list is a million deep.
 */
import type { BitSet } from './bit-set.ts'
import { depthFirstOrder, type SpanningTree } from './depth-first-order.ts'

/** Edges as in HeapGraph, of which those in `retaining` count. Node 0 is the root. */
export interface FlowGraph {
  readonly nodeCount: number
  readonly firstEdges: Uint32Array
  readonly edgeTargets: Uint32Array
  readonly retaining: BitSet
}

export interface Dominators {
  /** All nodes; every one comes after its dominator. */
  readonly order: Uint32Array
  /** For each node; the root's is itself. What nothing reaches counts as held by the root. */
  readonly immediate: Uint32Array
}

export function findDominators(graph: FlowGraph): Dominators {
  const tree = depthFirstOrder(graph)
  const dom = dominatorNumbers(tree, predecessors(graph, tree))
  const { vertex } = tree
  const immediate = new Uint32Array(graph.nodeCount)
  for (let i = 0; i < vertex.length; i++) immediate[vertex[i] ?? 0] = vertex[dom[i] ?? 0] ?? 0
  return { order: vertex, immediate }
}

interface Predecessors {
  /** Of vertex i: `from[first[i]]` up to `from[first[i + 1]]`. */
  readonly first: Uint32Array
  readonly from: Uint32Array
}

function predecessors(graph: FlowGraph, { vertex, number }: SpanningTree): Predecessors {
  const { nodeCount, firstEdges, edgeTargets, retaining } = graph
  const first = new Uint32Array(nodeCount + 1)
  for (let edge = 0; edge < edgeTargets.length; edge++) {
    if (!retaining.has(edge)) continue
    const to = number[edgeTargets[edge] ?? 0] ?? 0
    first[to] = (first[to] ?? 0) + 1
  }
  // Now each holds its count, then its end, and while `from` is filled it moves down to its start.
  for (let i = 1; i <= nodeCount; i++) first[i] = (first[i] ?? 0) + (first[i - 1] ?? 0)
  const from = new Uint32Array(first[nodeCount] ?? 0)
  for (let i = 0; i < nodeCount; i++) {
    const node = vertex[i] ?? 0
    const end = firstEdges[node + 1] ?? 0
    for (let edge = firstEdges[node] ?? 0; edge < end; edge++) {
      if (!retaining.has(edge)) continue
      const to = number[edgeTargets[edge] ?? 0] ?? 0
      const slot = (first[to] ?? 0) - 1
      first[to] = slot
      from[slot] = i
    }
  }
  return { first, from }
}

function dominatorNumbers(tree: SpanningTree, { first, from }: Predecessors): Uint32Array {
  const { parent, heldByRoot } = tree
  const count = parent.length
  // A vertex stays linked to its parent until compression moves it up, so one array serves as both.
  const ancestor = parent
  const semi = new Uint32Array(count)
  const label = new Uint32Array(count)
  for (let i = 0; i < count; i++) {
    semi[i] = i
    label[i] = i
  }
  // A bucket is a list: its first vertex here, the following ones in dom, each until it gets its own.
  const bucket = new Uint32Array(count)
  const dom = new Uint32Array(count)
  const path = new Uint32Array(count)

  /** The vertex of least semi on the way up from v; vertices from `linked` on are in the forest. */
  const evaluate = (v: number, linked: number): number => {
    if (v < linked) return v
    let height = 0
    let at = v
    while ((ancestor[at] ?? 0) >= linked) {
      path[height++] = at
      at = ancestor[at] ?? 0
    }
    while (height > 0) {
      const below = path[--height] ?? 0
      const above = ancestor[below] ?? 0
      const best = label[above] ?? 0
      if ((semi[best] ?? 0) < (semi[label[below] ?? 0] ?? 0)) label[below] = best
      ancestor[below] = ancestor[above] ?? 0
    }
    return label[v] ?? 0
  }

  for (let w = count - 1; w > 0; w--) {
    const above = parent[w] ?? 0
    let least = heldByRoot.has(w) ? 0 : w
    const end = first[w + 1] ?? 0
    for (let slot = first[w] ?? 0; slot < end && least > 0; slot++) {
      const u = semi[evaluate(from[slot] ?? 0, w + 1)] ?? 0
      if (u < least) least = u
    }
    semi[w] = least
    dom[w] = bucket[least] ?? 0
    bucket[least] = w
    let v = bucket[above] ?? 0
    bucket[above] = 0
    while (v !== 0) {
      const next = dom[v] ?? 0
      const u = evaluate(v, w)
      dom[v] = (semi[u] ?? 0) < (semi[v] ?? 0) ? u : above
      v = next
    }
  }
  for (let w = 1; w < count; w++) {
    if (dom[w] !== semi[w]) dom[w] = dom[dom[w] ?? 0] ?? 0
  }
  return dom
}
