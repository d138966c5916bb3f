/** Who refers to a node: the edges of a graph by their target, weak ones and V8's bookkeeping left out. */
import type { HeapGraph } from './heap-graph.ts'

/** What holds objects without being a reason for anything. */
const uninteresting = ['synthetic', 'code', 'object shape', 'native', 'symbol', 'string']

export class IncomingEdges {
  readonly #graph: HeapGraph
  /** The edges into node n are edges[first[n]] to edges[first[n + 1]]. */
  readonly #first: Uint32Array
  readonly #edges: Uint32Array

  constructor(graph: HeapGraph) {
    const { nodeCount, nodeTypes, nodeTypeNames, firstEdges, edgeTypes, edgeTargets } = graph
    const weak = graph.edgeTypeNames.indexOf('weak')
    const shortcut = graph.edgeTypeNames.indexOf('shortcut')
    const isHolder = nodeTypeNames.map((name) => !uninteresting.includes(name))
    const forEach = (visit: (edge: number, target: number) => void) => {
      for (let node = 0; node < nodeCount; node++) {
        if (!isHolder[nodeTypes[node] ?? 0]) continue
        const end = firstEdges[node + 1] ?? 0
        for (let edge = firstEdges[node] ?? 0; edge < end; edge++) {
          if (edgeTypes[edge] !== weak && edgeTypes[edge] !== shortcut) {
            visit(edge, edgeTargets[edge] ?? 0)
          }
        }
      }
    }
    this.#graph = graph
    this.#first = new Uint32Array(nodeCount + 2)
    const first = this.#first
    // Counted two places on, so that filling leaves each start where it belongs.
    forEach((_, target) => {
      first[target + 2] = (first[target + 2] ?? 0) + 1
    })
    for (let node = 2; node < first.length; node++) {
      first[node] = (first[node] ?? 0) + (first[node - 1] ?? 0)
    }
    this.#edges = new Uint32Array(first[nodeCount + 1] ?? 0)
    forEach((edge, target) => {
      const at = first[target + 1] ?? 0
      this.#edges[at] = edge
      first[target + 1] = at + 1
    })
  }

  of(node: number): Uint32Array {
    return this.#edges.subarray(this.#first[node] ?? 0, this.#first[node + 1] ?? 0)
  }

  /** The node that an edge belongs to. */
  sourceOf(edge: number): number {
    const { firstEdges, nodeCount } = this.#graph
    let low = 0
    let high = nodeCount - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((firstEdges[middle] ?? 0) <= edge) low = middle
      else high = middle - 1
    }
    return low
  }
}
