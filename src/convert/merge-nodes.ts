/** V8 has a node for each script's copy of a function; here, equal stacks of equal frames become one. */
import type { CallFrame } from './call-frames.ts'
import type { Frames } from './frame.ts'
import { PairTable } from './pair-table.ts'

/** V8's call tree as columns; a node is known by its index. */
export interface CallTree {
  readonly nodeCount: number
  /** Index of each node's parent; -1 for a root. */
  readonly parents: Int32Array
  /** The nodes, parents before their children. */
  readonly topDown: Int32Array
  /** Index of each node's call frame. */
  readonly frames: Int32Array
  readonly callFrames: readonly CallFrame[]
}

export interface MergedNodes {
  readonly stackCount: number
  readonly parents: Int32Array
  readonly frames: Int32Array
  readonly stackOf: Int32Array
}

/**
 * V8 records at most 255 frames of a stack, more only by what it inlined. A deeper node counts for its
 * ancestor at this depth, so that hostile depth does not multiply into hostile size.
 */
const maxDepth = 1024

export function mergeNodes(profile: CallTree, frames: Frames): MergedNodes {
  const { nodeCount, topDown } = profile
  const frameOf = Int32Array.from(profile.callFrames, (callFrame) => frames.indexOf(callFrame))
  const depths = new Int32Array(nodeCount)
  const stackOf = new Int32Array(nodeCount).fill(-1)
  const table = new PairTable(nodeCount)
  for (let at = 0; at < nodeCount; at++) {
    const node = topDown[at] ?? 0
    const nodeParent = profile.parents[node] ?? -1
    const parent = nodeParent < 0 ? -1 : (stackOf[nodeParent] ?? -1)
    const frame = frameOf[profile.frames[node] ?? -1] ?? -1
    if (frame < 0) continue
    const depth = parent < 0 ? 1 : (depths[parent] ?? 0) + 1
    if (depth > maxDepth) {
      stackOf[node] = parent
      continue
    }
    const stack = table.indexOf(parent, frame)
    depths[stack] = depth
    stackOf[node] = stack
  }
  const stackCount = table.size
  return {
    stackCount,
    parents: table.firsts.subarray(0, stackCount),
    frames: table.seconds.subarray(0, stackCount),
    stackOf,
  }
}
