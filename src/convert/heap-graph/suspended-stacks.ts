/**
 * From "who awaits whom" to stacks. Equal stacks are one node of a tree that grows from the outermost
 * function inwards. A function that several await has as many stacks.
 */
import type { Awaiter, AwaitGraph, Via } from './await-graph.ts'

/** One frame more on top of a stack. Node 0 is the empty stack. */
export interface StackNode {
  /** As `frameOf` and `combinatorOf` number them. */
  readonly frame: number
  readonly parent: number
  /** Of a combinator's arguments; -1 where unknown. */
  lowestIndex: number
  highestIndex: number
}

export interface FrameNumbers {
  frameOf(generator: number): number
  combinatorOf(via: Via): number
  /** Which argument of the combinator it is; -1 where unknown. */
  argumentOf(via: Via): number
}

/** The stacks of one function that no other one leads to: how many, by their node. */
export type StackCounts = ReadonlyMap<number, number>

const unresolved = 0
const inProgress = -1
const several = -2

/** Several functions awaiting one promise, and that at every level, would multiply without end. */
const maxStacksOfOne = 1000

export class SuspendedStacks {
  readonly nodes: StackNode[] = [{ frame: -1, parent: 0, lowestIndex: -1, highestIndex: -1 }]
  /** Innermost functions, and their stacks. */
  readonly leaves: ReadonlyMap<number, StackCounts>
  /** Those of the leaves that, over others, await themselves. */
  readonly circular: ReadonlySet<number>
  readonly #graph: AwaitGraph
  readonly #frames: FrameNumbers
  readonly #ids = new Map<string, number>()
  /** By generator: its node, or one of the numbers above. */
  readonly #state: Int32Array
  readonly #isAwaiter: Uint8Array
  readonly #circular = new Set<number>()
  readonly #several = new Map<number, StackCounts>()

  constructor(graph: AwaitGraph, frames: FrameNumbers) {
    this.#graph = graph
    this.#frames = frames
    this.#state = new Int32Array(graph.reader.graph.nodeCount)
    this.#isAwaiter = new Uint8Array(graph.reader.graph.nodeCount)
    for (const generator of graph.suspended) this.#resolve(generator)
    const leaves = new Map<number, StackCounts>()
    for (const generator of graph.suspended) {
      const isLeaf = this.#isAwaiter[generator] === 0 || this.#circular.has(generator)
      if (isLeaf) leaves.set(generator, this.#countsOf(generator))
    }
    this.leaves = leaves
    this.circular = this.#circular
  }

  /** Outer functions first, without recursion: chains may be as long as memory allows. */
  #resolve(start: number): void {
    const path: { readonly generator: number; readonly awaiters: readonly Awaiter[] }[] = []
    const open = (generator: number) => {
      if (this.#state[generator] !== unresolved) return
      this.#state[generator] = inProgress
      path.push({ generator, awaiters: this.#graph.awaitersOf(generator) })
    }
    open(start)
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const before = path.length
      for (const { generator } of top.awaiters) {
        open(generator)
        if (path.length > before) break
      }
      if (path.length > before) continue
      path.pop()
      this.#finish(top.generator, top.awaiters)
    }
  }

  #finish(generator: number, awaiters: readonly Awaiter[]): void {
    const frame = this.#frames.frameOf(generator)
    const counts = new Map<number, number>()
    for (const { generator: outer, via } of awaiters) {
      this.#isAwaiter[outer] = 1
      if (this.#state[outer] === inProgress) this.#circular.add(outer)
      for (const [parent, count] of this.#countsOf(outer)) {
        const node = this.#node(frame, this.#through(via, parent))
        if (counts.size < maxStacksOfOne || counts.has(node)) {
          counts.set(node, (counts.get(node) ?? 0) + count)
        }
      }
    }
    if (counts.size === 0) counts.set(this.#node(frame, 0), 1)
    const [only] = counts
    if (counts.size === 1 && only?.[1] === 1) {
      this.#state[generator] = only[0]
      return
    }
    this.#state[generator] = several
    this.#several.set(generator, counts)
  }

  /** Of one that awaits itself in a circle: the empty stack. */
  #countsOf(generator: number): StackCounts {
    const state = this.#state[generator] ?? unresolved
    return this.#several.get(generator) ?? new Map([[Math.max(state, 0), 1]])
  }

  #through(via: readonly Via[], parent: number): number {
    return via.reduceRight((node, one) => {
      const id = this.#node(this.#frames.combinatorOf(one), node)
      const index = this.#frames.argumentOf(one)
      const combinator = this.nodes[id]
      if (combinator === undefined || index < 0) return id
      const { lowestIndex } = combinator
      combinator.lowestIndex = lowestIndex < 0 ? index : Math.min(lowestIndex, index)
      combinator.highestIndex = Math.max(combinator.highestIndex, index)
      return id
    }, parent)
  }

  #node(frame: number, parent: number): number {
    const key = `${frame} ${parent}`
    const known = this.#ids.get(key)
    if (known !== undefined) return known
    const id = this.nodes.push({ frame, parent, lowestIndex: -1, highestIndex: -1 }) - 1
    this.#ids.set(key, id)
    return id
  }
}
