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

/** How many stacks a function has, by their node. */
type StackCounts = ReadonlyMap<number, number>

/** One of the functions whose stacks are being made. */
interface Open {
  readonly generator: number
  readonly awaiters: readonly Awaiter[]
  /** How many of them have been looked at. */
  next: number
}

const unresolved = 0
const inProgress = -1
const several = -2

/** Several functions awaiting one promise, and that at every level, would multiply without end. */
const maxStacksOfOne = 1000

export class SuspendedStacks {
  readonly nodes: StackNode[] = [{ frame: -1, parent: 0, lowestIndex: -1, highestIndex: -1 }]
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
  }

  /** Functions that no other one leads to, with each of their stacks. */
  forEachLeaf(visit: (generator: number, stack: number, count: number) => void): void {
    for (const generator of this.#graph.suspended) {
      if (this.#isAwaiter[generator] === 1 && !this.isCircular(generator)) continue
      this.#forEachStack(generator, (stack, count) => visit(generator, stack, count))
    }
  }

  /** Whether, over others, it awaits itself. */
  isCircular(generator: number): boolean {
    return this.#circular.has(generator)
  }

  /** Outer functions first, without recursion: chains may be as long as memory allows. */
  #resolve(start: number): void {
    const path: Open[] = []
    const open = (generator: number) => {
      if (this.#state[generator] !== unresolved) return
      this.#state[generator] = inProgress
      path.push({ generator, awaiters: this.#graph.awaitersOf(generator), next: 0 })
    }
    open(start)
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const before = path.length
      while (top.next < top.awaiters.length && path.length === before) {
        open((top.awaiters[top.next++] as Awaiter).generator)
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
      this.#forEachStack(outer, (parent, count) => {
        const node = this.#node(frame, this.#through(via, parent))
        if (counts.size < maxStacksOfOne || counts.has(node)) {
          counts.set(node, (counts.get(node) ?? 0) + count)
        }
      })
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
  #forEachStack(generator: number, visit: (stack: number, count: number) => void): void {
    const counts = this.#several.get(generator)
    if (counts === undefined) visit(Math.max(this.#state[generator] ?? unresolved, 0), 1)
    else for (const [stack, count] of counts) visit(stack, count)
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
