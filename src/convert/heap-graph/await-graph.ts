/**
 * Suspended functions in a heap snapshot, and who awaits whom. A function that awaits hangs on its
 * promise: JSPromise -> PromiseReaction -> await closure -> Context -> JSGeneratorObject, which also is
 * an async function's object and leads to the promise of its own result.
 */
import { GraphReader } from './graph-reader.ts'
import type { HeapGraph } from './heap-graph.ts'
import { PromiseReactions } from './promise-reactions.ts'

export interface Awaiter {
  readonly generator: number
  /** The combinators on the way, nearest first. */
  readonly via: readonly Via[]
}

export interface Via {
  readonly combinator: string
  /** Its argument that was followed. */
  readonly promise: number
}

interface Step {
  readonly promise: number
  readonly via: readonly Via[]
}

/** Promises on the way from one function to those that await it. */
const maxSteps = 10_000

const noVia: readonly Via[] = []

export class AwaitGraph {
  readonly reader: GraphReader
  /** Functions that await something. */
  readonly suspended: readonly number[]
  readonly #isGenerator: Uint8Array
  readonly #isPromise: Uint8Array
  /** By generator: the promise that it awaits. */
  readonly #waitsOn: Int32Array
  readonly #reactions: PromiseReactions

  constructor(graph: HeapGraph) {
    this.reader = new GraphReader(graph)
    this.#isGenerator = new Uint8Array(graph.nodeCount)
    this.#isPromise = new Uint8Array(graph.nodeCount)
    this.#waitsOn = new Int32Array(graph.nodeCount)
    this.#classify()
    this.#reactions = new PromiseReactions(this)
    this.suspended = this.#findSuspended()
  }

  isGenerator(node: number): boolean {
    return this.#isGenerator[node] === 1
  }

  isPromise(node: number): boolean {
    return this.#isPromise[node] === 1
  }

  waitsOn(generator: number): number {
    return this.#waitsOn[generator] ?? 0
  }

  functionOf(generator: number): number {
    return this.reader.follow(generator, 'function')
  }

  /** Whether just one reaction hangs on it. */
  hasOneReaction(promise: number): boolean {
    return this.#reactions.isOne(promise)
  }

  isAsyncGenerator(generator: number): boolean {
    return this.#results(generator).isAsyncGenerator
  }

  awaitersOf(generator: number): readonly Awaiter[] {
    return this.#follow(generator).awaiters
  }

  /** Functions of the program that are called when it ends, as with `then`. */
  callbacksOf(generator: number): readonly number[] {
    return this.#follow(generator).callbacks
  }

  #follow(generator: number) {
    const awaiters: Awaiter[] = []
    const callbacks: number[] = []
    const seen = new Set<number>()
    const steps: Step[] = this.#results(generator).promises.map((promise) => {
      return { promise, via: noVia }
    })
    for (let at = 0; at < steps.length && at < maxSteps; at++) {
      const { promise, via } = steps[at] as Step
      if (seen.has(promise)) continue
      seen.add(promise)
      for (const one of this.#reactions.of(promise)) {
        const reaction = this.#reactions.read(one, promise)
        const { generator: awaiter, combinator, promises } = reaction
        if (awaiter >= 0) awaiters.push({ generator: awaiter, via })
        callbacks.push(...reaction.callbacks)
        const further = combinator === '' ? via : [...via, { combinator, promise }]
        for (const next of promises) steps.push({ promise: next, via: further })
      }
    }
    return { awaiters, callbacks }
  }

  #classify(): void {
    const { graph } = this.reader
    for (let node = 0; node < graph.nodeCount; node++) {
      if (!this.reader.isObject(node)) continue
      if (this.reader.follow(node, 'parameters_and_registers') >= 0) this.#isGenerator[node] = 1
      else if (this.reader.follow(node, 'reactions_or_result') >= 0) this.#isPromise[node] = 1
      // Nothing hangs on it, but it may be what a function will settle.
      else if (this.reader.nameOf(node) === 'Promise') this.#isPromise[node] = 1
    }
  }

  #findSuspended(): readonly number[] {
    const suspended: number[] = []
    for (let promise = 0; promise < this.#isPromise.length; promise++) {
      if (this.#isPromise[promise] === 0) continue
      for (const one of this.#reactions.of(promise)) {
        const { generator } = this.#reactions.read(one, promise)
        if (generator < 0 || this.waitsOn(generator) > 0 || this.#isOurs(generator)) continue
        this.#waitsOn[generator] = promise
        suspended.push(generator)
      }
    }
    return suspended
  }

  #isOurs(generator: number): boolean {
    const fn = this.functionOf(generator)
    return fn >= 0 && this.reader.nameOf(fn) === ownFunction
  }

  /** The promises that its end, or the next value, will settle. */
  #results(generator: number) {
    const { reader } = this
    const promises: number[] = []
    let request = -1
    for (let edge = reader.firstEdge(generator); edge < reader.endOfEdges(generator); edge++) {
      if (reader.edgeType(edge) !== 'hidden') continue
      const target = reader.targetOf(edge)
      if (this.isPromise(target)) promises.push(target)
      else if (reader.nameOf(target) === requestName) request = target
    }
    const isAsyncGenerator = request >= 0
    for (let count = 0; request >= 0 && count < maxSteps; count++) {
      const found = this.reader.targetsOf(request)
      promises.push(...found.filter((node) => this.isPromise(node)))
      request = found.find((node) => reader.nameOf(node) === requestName) ?? -1
    }
    return { promises, isAsyncGenerator }
  }
}

/** What pprofd runs in a target to mark its promises. */
const ownFunction = 'pprofdMarkSlice'

const requestName = 'system / AsyncGeneratorRequest'
