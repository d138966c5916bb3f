/**
 * From "who awaits whom" to stacks with counts. Equal stacks are one node of a tree that grows from the
 * outermost function inwards, so a million functions cost an index each and every distinct stack one node.
 */
import type { Awaiter, AwaitGraph, Via } from './await-graph.ts'
import { noFunction } from './function-names.ts'
import type { Suspended } from './suspended.ts'

/** One frame more on top of a stack. */
export interface StackNode {
  /** Index of the function, or -1 for a combinator. */
  readonly function: number
  /** The suspend point it stands at. */
  readonly point: number
  readonly combinator: string
  /** Of the combinator's arguments; -1 where unknown. */
  lowestIndex: number
  highestIndex: number
  /** Index of the node of who awaits it; 0 for nobody. */
  readonly parent: number
}

/** How many suspended functions, by node of their stack, that no other one leads to. */
export interface LeafCount {
  readonly node: number
  readonly kind: number
  readonly isolate: number
  count: number
}

export interface Stacks {
  readonly nodes: readonly StackNode[]
  readonly leaves: readonly LeafCount[]
  /** Functions whose place in the graph could not be read, because the target was changing it. */
  readonly torn: number
  /** Circles of functions that await each other, and so never end. */
  readonly cycles: number
}

/** A function whose awaiters are being looked at, up to `next`. */
interface Visit {
  readonly index: number
  readonly awaiters: readonly Awaiter[]
  next: number
}

/** Index of the node behind the outermost function, and the state of what was not looked at yet. */
const root = 0
const unresolved = 0
const inProgress = -1
const tornStack = -2
const severalStacks = -3

/** Stands where a stack would begin to repeat itself. */
const circle = '(awaited in a circle)'

/** Several functions awaiting one promise, and that at every level, would multiply without end. */
const maxStacksOfOne = 1000
/** What is shared at every one of many levels has ways without number. */
const maxCount = 1e9

export class StackBuilder {
  readonly #suspended: Suspended
  readonly #graph: AwaitGraph
  readonly #functionOf: (index: number) => number
  readonly #keyOf: (index: number) => string
  readonly #nodes: StackNode[] = [rootNode]
  readonly #nodeIds = new Map<string, number>()
  /** By function: index of its node, or one of the numbers above. */
  #state = new Int32Array(1024)
  #isAwaiter = new Uint8Array(1024)
  readonly #several = new Map<number, ReadonlyMap<number, number>>()
  #cycles = 0
  /** Functions that the circles they are in were made to begin with. */
  readonly #heads = new Set<number>()

  /**
   * `functionOf`: index of the function of a suspended one, -1 where it cannot be read, `noFunction` where
   * there is none. `keyOf`: the same for it in every pass.
   */
  constructor(
    suspended: Suspended,
    graph: AwaitGraph,
    functionOf: (index: number) => number,
    keyOf: (index: number) => string,
  ) {
    this.#suspended = suspended
    this.#graph = graph
    this.#functionOf = functionOf
    this.#keyOf = keyOf
  }

  build(isAborted: () => boolean): Stacks {
    // The graph may add functions while it is walked.
    for (let index = 0; index < this.#suspended.length && !isAborted(); index++) {
      if (this.#suspended.isCopy[index] === 0) this.#resolve(index)
    }
    return this.#count()
  }

  #resolve(start: number): void {
    let from = start
    for (let head = this.#walk(from); head >= 0 || from !== start; head = this.#walk(from)) {
      from = head >= 0 ? head : start
    }
  }

  /**
   * Outer functions first, without recursion: chains may be as long as memory allows. Gives the function
   * of a circle to begin with instead, or -1 when all is done.
   */
  #walk(start: number): number {
    const path: Visit[] = []
    this.#open(path, start)
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const awaiter = top.awaiters[top.next++]
      if (awaiter === undefined) {
        path.pop()
        this.#finish(top.index, top.awaiters)
        continue
      }
      this.#open(path, awaiter.index)
      if (path.at(-1) !== top || this.#state[awaiter.index] !== inProgress) continue
      const head = this.#headOf(path, awaiter.index)
      if (head === awaiter.index || this.#heads.has(head)) continue
      this.#heads.add(head)
      for (const { index } of path) this.#state[index] = unresolved
      return head
    }
    return -1
  }

  #open(path: Visit[], index: number): void {
    this.#ensure(index)
    if (this.#state[index] !== unresolved) return
    const awaiters = this.#graph.awaitersOf(index)
    if (awaiters === 'torn') {
      this.#state[index] = tornStack
      return
    }
    this.#state[index] = inProgress
    path.push({ index, awaiters, next: 0 })
  }

  /** A circle has no beginning: the least of its functions, so that every pass begins it with the same. */
  #headOf(path: readonly Visit[], closing: number): number {
    let [head, least] = [closing, this.#keyOf(closing)]
    for (let at = path.length - 1; path[at] !== undefined && path[at]?.index !== closing; at--) {
      const index = path[at]?.index ?? closing
      const key = this.#keyOf(index)
      if (key < least) [head, least] = [index, key]
    }
    return head
  }

  #finish(index: number, awaiters: readonly Awaiter[]): void {
    const fn = this.#functionOf(index)
    // A word that looked like the head of a suspended function, and was a value in something else.
    if (fn === noFunction) this.#suspended.isCopy[index] = 1
    if (fn < 0) {
      this.#state[index] = tornStack
      return
    }
    const point = this.#suspended.continuation[index] ?? 0
    const [first] = awaiters
    const firstState = first === undefined ? root : (this.#state[first.index] ?? unresolved)
    if (awaiters.length <= 1 && firstState >= root) {
      // Nearly all of them, of which there may be a million.
      if (first !== undefined) this.#isAwaiter[first.index] = 1
      const parent = first === undefined ? root : this.#through(first.via, firstState)
      this.#state[index] = this.#node(fn, point, parent)
      return
    }
    const nodes = new Map<number, number>()
    for (const { index: outer, via } of awaiters) {
      const state = this.#state[outer] ?? unresolved
      if (state === tornStack) continue
      let parents = state === severalStacks ? this.#several.get(outer) : new Map([[state, 1]])
      if (state === inProgress) {
        // The one that the walk came from: a group begins there, lest none begin in the whole circle.
        this.#cycles++
        parents = new Map([[this.#combinator(circle, -1, root), 1]])
      } else this.#isAwaiter[outer] = 1
      for (const [parent, count] of parents ?? []) {
        const node = this.#node(fn, point, this.#through(via, parent))
        if (nodes.size < maxStacksOfOne || nodes.has(node)) {
          nodes.set(node, Math.min((nodes.get(node) ?? 0) + count, maxCount))
        }
      }
    }
    if (nodes.size === 0) {
      this.#state[index] = tornStack
      return
    }
    const [[node, count]] = nodes as unknown as [[number, number]]
    if (nodes.size === 1 && count === 1) {
      this.#state[index] = node
      return
    }
    this.#state[index] = severalStacks
    this.#several.set(index, nodes)
  }

  #through(via: readonly Via[], parent: number): number {
    return via.reduceRight((node, { kind, index }) => this.#combinator(kind, index, node), parent)
  }

  #combinator(kind: string, index: number, parent: number): number {
    const id = this.#intern(`${kind} ${parent}`, () => {
      const node = { function: -1, point: 0, combinator: kind, parent }
      return { ...node, lowestIndex: index, highestIndex: index }
    })
    const node = this.#nodes[id]
    if (node === undefined) return id
    node.lowestIndex = Math.min(node.lowestIndex, index)
    node.highestIndex = Math.max(node.highestIndex, index)
    return id
  }

  #node(fn: number, point: number, parent: number): number {
    return this.#intern(`${fn} ${point} ${parent}`, () => ({
      function: fn,
      point,
      combinator: '',
      lowestIndex: -1,
      highestIndex: -1,
      parent,
    }))
  }

  #intern(key: string, create: () => StackNode): number {
    const known = this.#nodeIds.get(key)
    if (known !== undefined) return known
    const id = this.#nodes.push(create()) - 1
    this.#nodeIds.set(key, id)
    return id
  }

  #count(): Stacks {
    const leaves = new Map<string, LeafCount>()
    let torn = 0
    for (let index = 0; index < this.#suspended.length; index++) {
      const state = this.#state[index] ?? unresolved
      if (this.#suspended.isCopy[index] === 1) continue
      if (state === tornStack) torn++
      if (state < severalStacks || state === tornStack || this.#isAwaiter[index] === 1) continue
      if (state === unresolved) continue
      const stacks = state === severalStacks ? this.#several.get(index) : new Map([[state, 1]])
      for (const [node, count] of stacks ?? []) this.#addLeaf(leaves, index, node, count)
    }
    return { nodes: this.#nodes, leaves: [...leaves.values()], torn, cycles: this.#cycles }
  }

  #addLeaf(leaves: Map<string, LeafCount>, index: number, node: number, count: number): void {
    const kind = this.#suspended.kind[index] ?? 0
    const isolate = this.#suspended.isolate[index] ?? 0
    const key = `${isolate} ${kind} ${node}`
    const leaf = leaves.get(key)
    if (leaf === undefined) leaves.set(key, { node, kind, isolate, count })
    else leaf.count += count
  }

  #ensure(index: number): void {
    if (index < this.#state.length) return
    const capacity = Math.max(2 * this.#state.length, index + 1)
    const [state, isAwaiter] = [new Int32Array(capacity), new Uint8Array(capacity)]
    state.set(this.#state)
    isAwaiter.set(this.#isAwaiter)
    this.#state = state
    this.#isAwaiter = isAwaiter
  }
}

const rootNode: StackNode = {
  function: -1,
  point: 0,
  combinator: '',
  lowestIndex: -1,
  highestIndex: -1,
  parent: 0,
}
