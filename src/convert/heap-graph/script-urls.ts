/** The URLs of scripts. A snapshot's positions know a script by number; its functions lead to its name. */
import type { HeapGraph, WellKnownEdge } from './heap-graph.ts'

export class ScriptUrls {
  readonly #graph: HeapGraph
  readonly #urls = new Map<number, string>()

  constructor(graph: HeapGraph) {
    this.#graph = graph
    const { nodes, positionIndexes, positions } = graph.locations
    for (let row = 0; row < nodes.length; row++) {
      const scriptId = positions[positionIndexes[row] ?? 0]?.scriptId ?? -1
      if (this.#urls.has(scriptId)) continue
      const url = this.#urlOf(nodes[row] ?? 0)
      if (url !== '') this.#urls.set(scriptId, url)
    }
  }

  /** Empty where unknown. */
  of(scriptId: number): string {
    return this.#urls.get(scriptId) ?? ''
  }

  /** A function's SharedFunctionInfo holds its script, whose node V8 calls by the script's URL. */
  #urlOf(node: number): string {
    const shared = this.#follow(node, 'shared')
    if (shared < 0) return ''
    const next = this.#follow(shared, 'script')
    const script = next < 0 ? this.#follow(shared, 'script_or_debug_info') : next
    if (script < 0) return ''
    const { nodeNames, strings } = this.#graph
    const name = strings.textOf(nodeNames[script] ?? 0)
    return name.startsWith('system / ') ? '' : name
  }

  /** The node that the internal edge of that name leads to; -1 for none. */
  #follow(node: number, name: WellKnownEdge): number {
    const { firstEdges, edgeTypes, edgeNames, edgeTargets, edgeTypeNames, strings } = this.#graph
    const internal = edgeTypeNames.indexOf('internal')
    const wanted = strings.indexOf(name)
    const end = firstEdges[node + 1] ?? 0
    for (let edge = firstEdges[node] ?? 0; edge < end; edge++) {
      if (edgeTypes[edge] === internal && edgeNames[edge] === wanted) return edgeTargets[edge] ?? 0
    }
    return -1
  }
}
