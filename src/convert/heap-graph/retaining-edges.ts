/**
 * Which references keep an object alive, by the rules of Chrome DevTools, so that both name the same
 * retained sizes: https://github.com/ChromeDevTools/devtools-frontend/blob/main/front_end/entrypoints/heap_snapshot_worker/HeapSnapshot.ts
 * - weak references, and those of an object to itself, do not;
 * - a WeakMap's value is kept by its key, not by the table;
 * - the root's shortcuts to globals count, V8's other shortcuts do not;
 * - what the program's globals reach is not also kept by V8's own roots, such as its stack and handles.
 */
import { BitSet } from './bit-set.ts'
import type { HeapGraph } from './heap-graph.ts'

export function retainingEdges(graph: HeapGraph): BitSet {
  const { nodeCount, edgeCount, firstEdges, edgeTypes, edgeNames, edgeTargets, strings } = graph
  const weak = graph.edgeTypeNames.indexOf('weak')
  const internal = graph.edgeTypeNames.indexOf('internal')
  const shortcut = graph.edgeTypeNames.indexOf('shortcut')
  const isReached = reachedFromGlobals(graph, weak, shortcut)
  const retaining = new BitSet(edgeCount)
  for (let node = 0; node < nodeCount; node++) {
    const end = firstEdges[node + 1] ?? 0
    const id = graph.nodeIds[node]
    const isOwn = node === 0 || isReached.has(node)
    for (let edge = firstEdges[node] ?? 0; edge < end; edge++) {
      const type = edgeTypes[edge]
      const target = edgeTargets[edge] ?? 0
      if (type === weak || target === node) continue
      if (type === shortcut && node !== 0) continue
      if (!isOwn && isReached.has(target)) continue
      if (type === internal && strings.weakMapTableOf(edgeNames[edge] ?? 0) === id) continue
      retaining.add(edge)
    }
  }
  return retaining
}

/** What the root's shortcuts, which lead to the globals, reach by anything but weak references. */
function reachedFromGlobals(graph: HeapGraph, weak: number, shortcut: number): BitSet {
  const { nodeCount, firstEdges, edgeTypes, edgeTargets } = graph
  const reached = new BitSet(nodeCount)
  const stack = new Uint32Array(nodeCount)
  let height = 0
  const reach = (node: number) => {
    if (reached.has(node)) return
    reached.add(node)
    stack[height++] = node
  }
  for (let edge = 0; edge < (firstEdges[1] ?? 0); edge++) {
    const target = edgeTargets[edge] ?? 0
    const isGlobal = edgeTypes[edge] === shortcut || isDomTrees(graph, target)
    if (isGlobal) reach(target)
  }
  while (height > 0) {
    const node = stack[--height] ?? 0
    const end = firstEdges[node + 1] ?? 0
    for (let edge = firstEdges[node] ?? 0; edge < end; edge++) {
      if (edgeTypes[edge] !== weak) reach(edgeTargets[edge] ?? 0)
    }
  }
  return reached
}

/** Chrome's; Node has none. */
function isDomTrees(
  { nodeTypes, nodeNames, nodeTypeNames, strings }: HeapGraph,
  node: number,
): boolean {
  const isSynthetic = nodeTypeNames[nodeTypes[node] ?? 0] === 'synthetic'
  return isSynthetic && strings.textOf(nodeNames[node] ?? 0) === '(Document DOM trees)'
}
