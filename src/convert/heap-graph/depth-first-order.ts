/** The depth-first spanning tree that finding dominators begins with. */
import { BitSet } from './bit-set.ts'
import type { FlowGraph } from './dominators.ts'

/** Vertices are nodes by their number in this order; the root is 0. */
export interface SpanningTree {
  /** From number to node. */
  readonly vertex: Uint32Array
  /** From node to number. */
  readonly number: Uint32Array
  /** From number to number; the root's is 0. */
  readonly parent: Uint32Array
  /** Numbers of what no reference that counts leads to from the root: taken as held by the root. */
  readonly heldByRoot: BitSet
}

const unvisited = 0xffff_ffff

export function depthFirstOrder(graph: FlowGraph): SpanningTree {
  const { nodeCount, firstEdges, edgeTargets, retaining } = graph
  const vertex = new Uint32Array(nodeCount)
  const number = new Uint32Array(nodeCount).fill(unvisited)
  const parent = new Uint32Array(nodeCount)
  const heldByRoot = new BitSet(nodeCount)
  /** By number: the edge to look at next. */
  const nextEdge = new Uint32Array(nodeCount)
  let count = 0

  const enter = (node: number, from: number): number => {
    vertex[count] = node
    number[node] = count
    parent[count] = from
    nextEdge[count] = firstEdges[node] ?? 0
    return count++
  }
  const search = (start: number) => {
    const top = enter(start, 0)
    for (let at = top; ; ) {
      const end = firstEdges[(vertex[at] ?? 0) + 1] ?? 0
      let edge = nextEdge[at] ?? 0
      while (edge < end && !(retaining.has(edge) && number[edgeTargets[edge] ?? 0] === unvisited)) {
        edge++
      }
      nextEdge[at] = edge + 1
      if (edge < end) at = enter(edgeTargets[edge] ?? 0, at)
      else if (at === top) return
      else at = parent[at] ?? 0
    }
  }

  search(0)
  // First what nothing holds, with all that hangs on it, then what only holds itself in a circle.
  const held = heldNodes(graph)
  for (let node = 0; node < nodeCount; node++) {
    if (number[node] !== unvisited || held.has(node)) continue
    heldByRoot.add(count)
    search(node)
  }
  for (let node = 0; node < nodeCount; node++) {
    if (number[node] === unvisited) heldByRoot.add(enter(node, 0))
  }
  return { vertex, number, parent, heldByRoot }
}

function heldNodes({ nodeCount, edgeTargets, retaining }: FlowGraph): BitSet {
  const held = new BitSet(nodeCount)
  for (let edge = 0; edge < edgeTargets.length; edge++) {
    if (retaining.has(edge)) held.add(edgeTargets[edge] ?? 0)
  }
  return held
}
