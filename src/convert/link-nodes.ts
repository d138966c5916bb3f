/** Turns the ids by which V8's nodes name their children into a tree that is known to be one. */
import { CaptureError } from '../errors.ts'
import type { IntList } from './int-list.ts'

export interface Edges {
  readonly parentIds: IntList
  readonly childIds: IntList
}

/** Finds the index of a node by its id. V8 counts ids from 1, so a table does; a Map for others' ids. */
export class NodeIds {
  readonly #table: Int32Array | undefined
  readonly #map = new Map<number, number>()

  constructor(ids: Int32Array) {
    let maxId = 0
    for (let index = 0; index < ids.length; index++) maxId = Math.max(maxId, ids[index] ?? 0)
    const isDense = maxId <= ids.length * 2 + 1024
    this.#table = isDense ? new Int32Array(maxId + 1).fill(-1) : undefined
    for (let index = 0; index < ids.length; index++) {
      const id = ids[index] ?? 0
      if (this.indexOf(id) >= 0) throw invalid(`two nodes have the id ${id}`)
      if (this.#table) this.#table[id] = index
      else this.#map.set(id, index)
    }
  }

  /** -1 where there is none. */
  indexOf(id: number): number {
    return (this.#table ? this.#table[id] : this.#map.get(id)) ?? -1
  }

  /** Puts the indexes in place of ids; returns the first id that no node has. */
  replace(ids: Int32Array): number | undefined {
    for (let at = 0; at < ids.length; at++) {
      const id = ids[at] ?? 0
      const index = this.indexOf(id)
      if (index < 0) return id
      ids[at] = index
    }
    return undefined
  }
}

export function linkNodes(
  ids: Int32Array,
  edges: Edges,
  nodeIds: NodeIds,
): { readonly parents: Int32Array; readonly topDown: Int32Array } {
  const parents = new Int32Array(ids.length).fill(-1)
  const parentIds = edges.parentIds.items()
  const childIds = edges.childIds.items()
  let isTopDown = true
  for (let at = 0; at < childIds.length; at++) {
    const childId = childIds[at] ?? 0
    const child = nodeIds.indexOf(childId)
    const parentId = parentIds[at] ?? -1
    const parent = nodeIds.indexOf(parentId)
    if (child < 0) throw invalid(`node ${parentId} names child ${childId}, which it does not hold`)
    if (parent < 0)
      throw invalid(`node ${childId} names parent ${parentId}, which it does not hold`)
    const known = parents[child]
    if (known !== -1 && known !== parent) throw invalid(`node ${childId} has two parents`)
    parents[child] = parent
    if (parent >= child) isTopDown = false
  }
  return { parents, topDown: isTopDown ? inOrder(ids.length) : orderTopDown(parents, ids) }
}

/** As V8 sends them: parents before children already. */
function inOrder(count: number): Int32Array {
  const order = new Int32Array(count)
  for (let node = 0; node < count; node++) order[node] = node
  return order
}

/** Parents before children. From each node, climbs to one that is placed, then comes back down. */
function orderTopDown(parents: Int32Array, ids: Int32Array): Int32Array {
  const order = new Int32Array(parents.length)
  const seenFrom = new Int32Array(parents.length).fill(-1)
  const path: number[] = []
  let placed = 0
  for (let start = 0; start < parents.length; start++) {
    let node = start
    while (node >= 0 && seenFrom[node] === -1) {
      seenFrom[node] = start
      path.push(node)
      node = parents[node] ?? -1
    }
    const isCycle = node >= 0 && path.length > 0 && seenFrom[node] === start
    if (isCycle) throw invalid(`node ${ids[node]} is its own ancestor`)
    for (let above = path.pop(); above !== undefined; above = path.pop()) order[placed++] = above
  }
  return order
}

function invalid(problem: string): CaptureError {
  return new CaptureError(
    'recording-invalid',
    `The target sent an unusable CPU profile: ${problem}.`,
  )
}
