/** From the dominators of a heap to a small tree: what is on which path, and what each path retains. */
import type { Frame } from '../frame.ts'
import { findDominators } from './dominators.ts'
import type { HeapGraph } from './heap-graph.ts'
import { nameObjects } from './object-frames.ts'
import { mergeParts } from './object-parts.ts'
import { PathTree, type PathTreeLimits } from './path-tree.ts'
import { retainingEdges } from './retaining-edges.ts'

export interface RetainedPaths {
  readonly frames: readonly Frame[]
  /** Path 0 is the empty one; a path comes after the one that it extends, its parent. */
  readonly parents: Int32Array
  /** Index in `frames` of each path's last frame; -1 for the empty path. */
  readonly pathFrames: Int32Array
  /** Objects of each path itself. */
  readonly objects: Float64Array
  /** Bytes of those. */
  readonly bytes: Float64Array
  /** Bytes of those and of all that they dominate. */
  readonly retainedBytes: Float64Array
  /** Whether paths beyond the limits count for what they extend. */
  readonly isCut: boolean
}

export interface PathOptions {
  /** Names of application code are relative to it; may be empty. */
  readonly workingDirectory: string
  readonly limits?: PathTreeLimits | undefined
}

export function retainedPaths(graph: HeapGraph, options: PathOptions): RetainedPaths {
  const retaining = retainingEdges(graph)
  const { sizes, parts } = mergeParts(graph)
  const { order, immediate } = findDominators({ ...graph, retaining })
  const frames = nameObjects(graph, retaining, immediate, options.workingDirectory)
  const tree = new PathTree(options.limits)
  // Each node's frame, then, as its dominator comes before it, its path.
  const pathOf = frames.ofNode
  pathOf[0] = 0
  for (let i = 1; i < order.length; i++) {
    const node = order[i] ?? 0
    const holder = pathOf[immediate[node] ?? 0] ?? 0
    pathOf[node] = parts.has(node) ? holder : tree.child(holder, pathOf[node] ?? 0)
  }
  const objects = new Float64Array(tree.size)
  const bytes = new Float64Array(tree.size)
  const synthetic = graph.nodeTypeNames.indexOf('synthetic')
  for (let node = 0; node < graph.nodeCount; node++) {
    const path = pathOf[node] ?? 0
    bytes[path] = (bytes[path] ?? 0) + (sizes[node] ?? 0)
    const isObject = !parts.has(node) && graph.nodeTypes[node] !== synthetic
    if (isObject) objects[path] = (objects[path] ?? 0) + 1
  }
  const parents = tree.parents.items()
  const retainedBytes = sumUp(bytes, parents)
  const pathFrames = tree.frames.items()
  const { isCut } = tree
  return { frames: frames.all, parents, pathFrames, objects, bytes, retainedBytes, isCut }
}

/** For each path its value and those of all paths that extend it. */
function sumUp(values: Float64Array, parents: Int32Array): Float64Array {
  const sums = values.slice()
  for (let path = sums.length - 1; path > 0; path--) {
    const parent = parents[path] ?? 0
    sums[parent] = (sums[parent] ?? 0) + (sums[path] ?? 0)
  }
  return sums
}
