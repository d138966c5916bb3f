/**
 * The join with what was asked of the target before its snapshot: an object of pprofd holds the promises
 * in as many lists as there were answers, so the snapshot says which promise got which.
 */
import type { GraphReader } from './graph-reader.ts'

/** Under this name the object has the list of lists. */
export const marksProperty = 'pprofdMarks'

export interface SuspendedMarks {
  /** By node: the number of its answer, plus 1; 0 for none. */
  readonly ofNode: Int32Array
  /** What pprofd holds them with. */
  readonly holders: ReadonlySet<number>
}

export function readMarks(reader: GraphReader): SuspendedMarks {
  const { graph } = reader
  const ofNode = new Int32Array(graph.nodeCount)
  const holders = new Set<number>()
  const name = graph.strings.find(marksProperty)
  const property = graph.edgeTypeNames.indexOf('property')
  if (name < 0) return { ofNode, holders }
  for (let node = 0; node < graph.nodeCount; node++) {
    if (!reader.isObject(node)) continue
    for (let edge = reader.firstEdge(node); edge < reader.endOfEdges(node); edge++) {
      if (graph.edgeTypes[edge] !== property || graph.edgeNames[edge] !== name) continue
      holders.add(node)
      const lists = reader.targetOf(edge)
      hold(reader, lists, holders)
      for (const [index, list] of elementsOf(reader, lists)) {
        hold(reader, list, holders)
        for (const [, promise] of elementsOf(reader, list)) ofNode[promise] = index + 1
      }
    }
  }
  return { ofNode, holders }
}

function hold(reader: GraphReader, list: number, holders: Set<number>): void {
  holders.add(list)
  for (let edge = reader.firstEdge(list); edge < reader.endOfEdges(list); edge++) {
    // Its elements; anything else internal is shared with other arrays.
    if (reader.nodeType(reader.targetOf(edge)) === 'array') holders.add(reader.targetOf(edge))
  }
}

function* elementsOf(reader: GraphReader, list: number): Generator<readonly [number, number]> {
  const { edgeNames } = reader.graph
  for (let edge = reader.firstEdge(list); edge < reader.endOfEdges(list); edge++) {
    if (reader.edgeType(edge) === 'element') yield [edgeNames[edge] ?? 0, reader.targetOf(edge)]
  }
}
