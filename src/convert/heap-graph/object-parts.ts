/**
 * Which nodes are parts of another object rather than objects of their own: the hash table of a Map, the
 * elements of an Array, the properties of an object. As in Chrome DevTools a part is an array or a thing
 * of V8's that just one object leads to, by whatever ways. Its size counts as that object's.
 */
import { BitSet } from './bit-set.ts'
import type { HeapGraph } from './heap-graph.ts'

export interface ObjectSizes {
  /** Bytes with the parts; 0 for a part. */
  readonly sizes: Float64Array
  readonly parts: BitSet
}

const unknown = 0xffff_ffff
const several = 0xffff_fffe

/** The sizes of `graph` are changed in place, and returned. */
export function mergeParts(graph: HeapGraph): ObjectSizes {
  const { nodeCount, nodeTypes, nodeTypeNames, selfSizes: sizes } = graph
  const parts = new BitSet(nodeCount)
  if (!hasUserRoots(graph)) return { sizes, parts }
  const owners = findOwners(graph)
  const synthetic = nodeTypeNames.indexOf('synthetic')
  for (let node = 0; node < nodeCount; node++) {
    const owner = owners[node] ?? unknown
    if (owner === unknown || owner === several || owner === node) continue
    if (owner === 0 || nodeTypes[owner] === synthetic) continue
    parts.add(node)
    sizes[owner] = (sizes[owner] ?? 0) + (sizes[node] ?? 0)
    sizes[node] = 0
  }
  return { sizes, parts }
}

/** For each node itself, its one owner, `several`, or `unknown` for what only weak references reach. */
function findOwners(graph: HeapGraph): Uint32Array {
  const { nodeCount, firstEdges, edgeTypes, edgeTargets } = graph
  const weak = graph.edgeTypeNames.indexOf('weak')
  const owners = new Uint32Array(nodeCount)
  // Twice at most: when a node gets its first owner and when it turns out to have several.
  const queue = new Uint32Array(2 * nodeCount)
  let length = 0
  for (let node = 0; node < nodeCount; node++) {
    const isOwn = !mayBePart(graph, node)
    owners[node] = isOwn ? node : unknown
    if (isOwn) queue[length++] = node
  }
  while (length > 0) {
    const node = queue[--length] ?? 0
    const owner = owners[node] ?? unknown
    const end = firstEdges[node + 1] ?? 0
    for (let edge = firstEdges[node] ?? 0; edge < end; edge++) {
      if (edgeTypes[edge] === weak) continue
      const target = edgeTargets[edge] ?? 0
      const known = owners[target] ?? unknown
      if (known === target || known === owner || known === several) continue
      owners[target] = known === unknown ? owner : several
      queue[length++] = target
    }
  }
  return owners
}

function mayBePart(
  { nodeTypes, nodeNames, nodeTypeNames, strings }: HeapGraph,
  node: number,
): boolean {
  const type = nodeTypeNames[nodeTypes[node] ?? 0]
  if (type === 'hidden' || type === 'array') return true
  // The characters of a string that are not on V8's heap.
  return type === 'native' && strings.textOf(nodeNames[node] ?? 0) === 'system / ExternalStringData'
}

/** Snapshots made with V8's internals exposed have none and are shown as they are. */
function hasUserRoots({ firstEdges, edgeTargets, nodeTypes, nodeTypeNames }: HeapGraph): boolean {
  const synthetic = nodeTypeNames.indexOf('synthetic')
  const targets = edgeTargets.subarray(0, firstEdges[1])
  return targets.some((target) => nodeTypes[target] !== synthetic)
}
