/** Questions about one node of a heap graph. */
import type { HeapGraph, WellKnownEdge } from './heap-graph.ts'
import { maxConcatenations } from './wanted-strings.ts'

export class GraphReader {
  readonly graph: HeapGraph
  readonly #internal: number
  readonly #indexes = new Map<WellKnownEdge, number>()
  readonly #object: number
  readonly #closure: number

  constructor(graph: HeapGraph) {
    this.graph = graph
    this.#internal = graph.edgeTypeNames.indexOf('internal')
    this.#object = graph.nodeTypeNames.indexOf('object')
    this.#closure = graph.nodeTypeNames.indexOf('closure')
  }

  firstEdge(node: number): number {
    return this.graph.firstEdges[node] ?? 0
  }

  endOfEdges(node: number): number {
    return this.graph.firstEdges[node + 1] ?? 0
  }

  targetOf(edge: number): number {
    return this.graph.edgeTargets[edge] ?? 0
  }

  targetsOf(node: number): readonly number[] {
    return [...this.graph.edgeTargets.subarray(this.firstEdge(node), this.endOfEdges(node))]
  }

  /** The node that the internal edge of that name leads to; -1 for none. */
  follow(node: number, name: WellKnownEdge): number {
    const { edgeTypes, edgeNames } = this.graph
    const wanted = this.#indexOf(name)
    for (let edge = this.firstEdge(node); edge < this.endOfEdges(node); edge++) {
      if (edgeTypes[edge] === this.#internal && edgeNames[edge] === wanted) {
        return this.targetOf(edge)
      }
    }
    return -1
  }

  isEdge(edge: number, name: WellKnownEdge): boolean {
    const { edgeTypes, edgeNames } = this.graph
    return edgeTypes[edge] === this.#internal && edgeNames[edge] === this.#indexOf(name)
  }

  /** Of a property or a variable; '' for other edges. */
  keyOf(edge: number): string {
    const { edgeTypes, edgeTypeNames, edgeNames, strings } = this.graph
    const type = edgeTypeNames[edgeTypes[edge] ?? 0]
    if (type !== 'property' && type !== 'context') return ''
    return strings.textOf(edgeNames[edge] ?? 0)
  }

  edgeType(edge: number): string {
    return this.graph.edgeTypeNames[this.graph.edgeTypes[edge] ?? 0] ?? ''
  }

  nodeType(node: number): string {
    return this.graph.nodeTypeNames[this.graph.nodeTypes[node] ?? 0] ?? ''
  }

  isObject(node: number): boolean {
    return this.graph.nodeTypes[node] === this.#object
  }

  isClosure(node: number): boolean {
    return this.graph.nodeTypes[node] === this.#closure
  }

  nameOf(node: number): string {
    return this.graph.strings.textOf(this.graph.nodeNames[node] ?? 0)
  }

  /** What the string in one of these properties holds, where it was kept. */
  valueOf(node: number, ...keys: readonly string[]): string | undefined {
    for (let edge = this.firstEdge(node); edge < this.endOfEdges(node); edge++) {
      if (!keys.includes(this.keyOf(edge))) continue
      return this.#textOf(this.targetOf(edge), maxConcatenations)
    }
    return undefined
  }

  #textOf(node: number, depth: number): string | undefined {
    const type = this.nodeType(node)
    if (type === 'string') return this.graph.strings.valueOf(this.graph.nodeNames[node] ?? 0)
    if (type !== 'concatenated string' || depth === 0) return undefined
    let text = ''
    for (let edge = this.firstEdge(node); edge < this.endOfEdges(node); edge++) {
      if (!this.nodeType(this.targetOf(edge)).endsWith('string')) continue
      const part = this.#textOf(this.targetOf(edge), depth - 1)
      if (part === undefined) return undefined
      text += part
    }
    return text
  }

  #indexOf(name: WellKnownEdge): number {
    let index = this.#indexes.get(name)
    if (index === undefined) {
      index = this.graph.strings.indexOf(name)
      this.#indexes.set(name, index)
    }
    return index
  }
}
