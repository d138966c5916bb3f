/** Where the rows of nodes, edges and locations end up: arrays of the length that the header promised. */
import { IntList } from '../int-list.ts'
import type { HeapGraph, KeptStrings, Locations, Position } from './heap-graph.ts'
import { invalidSnapshot } from './invalid-snapshot.ts'
import type { LocationLayout, SnapshotLayout } from './snapshot-layout.ts'

/** Ordinals and string indexes are kept in 32 bits. */
const maxIndex = 2 ** 32 - 1

/** Different places in the source; a large service has some 100,000 functions. */
const maxPositions = 1_000_000

export class SnapshotColumns {
  readonly layout: SnapshotLayout
  readonly nodeTypes: Uint8Array
  readonly nodeNames: Uint32Array
  readonly nodeIds: Uint32Array
  readonly selfSizes: Float64Array
  readonly firstEdges: Uint32Array
  readonly edgeTypes: Uint8Array
  readonly edgeNames: Uint32Array
  readonly edgeTargets: Uint32Array
  #nodes = 0
  #edges = 0
  #promisedEdges = 0
  readonly #locationNodes = new IntList()
  readonly #locationPositions = new IntList()
  readonly #positions: Position[] = []
  readonly #positionIndexes = new Map<string, number>()

  /** The system gives the arrays' memory as it is written to, so a header that lies takes none. */
  constructor(layout: SnapshotLayout) {
    const { nodeCount, edgeCount } = layout
    this.layout = layout
    this.nodeTypes = new Uint8Array(nodeCount)
    this.nodeNames = new Uint32Array(nodeCount)
    this.nodeIds = new Uint32Array(nodeCount)
    this.selfSizes = new Float64Array(nodeCount)
    this.firstEdges = new Uint32Array(nodeCount + 1)
    this.edgeTypes = new Uint8Array(edgeCount)
    this.edgeNames = new Uint32Array(edgeCount)
    this.edgeTargets = new Uint32Array(edgeCount)
  }

  readonly addNode = (row: Float64Array): void => {
    const { layout } = this
    const node = this.#nodes++
    if (node >= layout.nodeCount) throw invalidSnapshot('it has more nodes than its header says')
    this.nodeTypes[node] = typeOf(row[layout.nodeType], layout.nodeTypeNames, 'node')
    this.nodeNames[node] = indexOf(row[layout.nodeName], 'the name of a node')
    this.nodeIds[node] = indexOf(row[layout.nodeId], 'the id of a node')
    const size = row[layout.nodeSelfSize] ?? 0
    if (size < 0) throw invalidSnapshot('the size of a node is negative')
    this.selfSizes[node] = size
    this.#promisedEdges += indexOf(row[layout.nodeEdgeCount], 'the edge count of a node')
    if (this.#promisedEdges > layout.edgeCount) {
      throw invalidSnapshot('its nodes have more edges than its header says')
    }
    this.firstEdges[node + 1] = this.#promisedEdges
  }

  readonly addEdge = (row: Float64Array): void => {
    const { layout } = this
    const edge = this.#edges++
    if (edge >= layout.edgeCount) throw invalidSnapshot('it has more edges than its header says')
    this.edgeTypes[edge] = typeOf(row[layout.edgeType], layout.edgeTypeNames, 'edge')
    this.edgeNames[edge] = indexOf(row[layout.edgeName], 'the name of an edge')
    this.edgeTargets[edge] = this.#ordinalOf(row[layout.edgeTarget], 'an edge')
  }

  addLocation(row: Float64Array, layout: LocationLayout): void {
    const node = this.#ordinalOf(row[layout.node], 'a location')
    const scriptId = row[layout.scriptId] ?? -1
    const line = row[layout.line] ?? -1
    const column = row[layout.column] ?? -1
    const key = `${scriptId}:${line}:${column}`
    let index = this.#positionIndexes.get(key)
    if (index === undefined) {
      index = this.#positions.length
      if (index === maxPositions) return
      this.#positionIndexes.set(key, index)
      this.#positions.push({ scriptId, line, column })
    }
    this.#locationNodes.push(node)
    this.#locationPositions.push(index)
  }

  /** Nodes and edges are complete, as far as the header told how many there are. */
  checkComplete(): void {
    const { nodeCount, edgeCount } = this.layout
    if (nodeCount === 0) throw invalidSnapshot('it has no nodes')
    if (this.#nodes !== nodeCount) throw invalidSnapshot('it has fewer nodes than its header says')
    if (this.#edges !== edgeCount || this.#promisedEdges !== edgeCount) {
      throw invalidSnapshot('it has fewer edges than its header says')
    }
  }

  graph(strings: KeptStrings): HeapGraph {
    const { nodeCount, edgeCount, nodeTypeNames, edgeTypeNames } = this.layout
    const { nodeTypes, nodeNames, nodeIds, selfSizes, firstEdges } = this
    const { edgeTypes, edgeNames, edgeTargets } = this
    const nodes = { nodeTypes, nodeNames, nodeIds, selfSizes, firstEdges, nodeTypeNames }
    const edges = { edgeTypes, edgeNames, edgeTargets, edgeTypeNames }
    return { nodeCount, edgeCount, ...nodes, ...edges, strings, locations: this.#locations() }
  }

  #locations(): Locations {
    return {
      nodes: this.#locationNodes.items(),
      positionIndexes: this.#locationPositions.items(),
      positions: this.#positions,
    }
  }

  /** V8 refers to a node by the position of its first number. */
  #ordinalOf(position: number | undefined, what: string): number {
    const ordinal = (position ?? -1) / this.layout.nodeFieldCount
    if (Number.isInteger(ordinal) && ordinal >= 0 && ordinal < this.layout.nodeCount) return ordinal
    throw invalidSnapshot(`${what} refers to a node that is not there`)
  }
}

function typeOf(value: number | undefined, names: readonly string[], what: string): number {
  if (value !== undefined && value >= 0 && value < names.length) return value
  throw invalidSnapshot(`the type of ${what === 'edge' ? 'an edge' : 'a node'} is unknown`)
}

function indexOf(value: number | undefined, what: string): number {
  if (value !== undefined && value >= 0 && value <= maxIndex) return value
  throw invalidSnapshot(`${what} is out of range`)
}
