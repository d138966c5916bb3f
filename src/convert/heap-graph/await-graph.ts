/**
 * Suspended functions in a heap snapshot, and who awaits whom. A function that awaits hangs on its
 * promise: JSPromise -> PromiseReaction -> await closure -> Context -> JSGeneratorObject, which also is
 * an async function's object and leads to the promise of its own result.
 */
import { GraphReader } from './graph-reader.ts'
import type { HeapGraph } from './heap-graph.ts'

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

/** What a reaction of a promise leads to. */
interface Reaction {
  generator: number
  combinator: string
  readonly promises: number[]
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
  readonly #combinators = new Map<number, string>()

  constructor(graph: HeapGraph) {
    this.reader = new GraphReader(graph)
    this.#isGenerator = new Uint8Array(graph.nodeCount)
    this.#isPromise = new Uint8Array(graph.nodeCount)
    this.#waitsOn = new Int32Array(graph.nodeCount)
    this.#classify()
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
    const first = this.#firstReaction(promise)
    return first >= 0 && this.#nextReaction(first) < 0
  }

  isAsyncGenerator(generator: number): boolean {
    return this.#results(generator).isAsyncGenerator
  }

  awaitersOf(generator: number): readonly Awaiter[] {
    const awaiters: Awaiter[] = []
    const seen = new Set<number>()
    const steps: Step[] = this.#results(generator).promises.map((promise) => {
      return { promise, via: noVia }
    })
    for (let at = 0; at < steps.length && at < maxSteps; at++) {
      const { promise, via } = steps[at] as Step
      if (seen.has(promise)) continue
      seen.add(promise)
      for (let one = this.#firstReaction(promise); one >= 0; one = this.#nextReaction(one)) {
        const { generator: awaiter, combinator, promises } = this.#readReaction(one, promise)
        if (awaiter >= 0) awaiters.push({ generator: awaiter, via })
        const further = combinator === '' ? via : [...via, { combinator, promise }]
        for (const next of promises) steps.push({ promise: next, via: further })
      }
    }
    return awaiters
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
      for (let one = this.#firstReaction(promise); one >= 0; one = this.#nextReaction(one)) {
        const { generator } = this.#readReaction(one, promise)
        if (generator < 0 || this.waitsOn(generator) > 0) continue
        this.#waitsOn[generator] = promise
        suspended.push(generator)
      }
    }
    return suspended
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
      const found = this.#targets(request)
      promises.push(...found.filter((node) => this.isPromise(node)))
      request = found.find((node) => reader.nameOf(node) === requestName) ?? -1
    }
    return { promises, isAsyncGenerator }
  }

  #targets(node: number): readonly number[] {
    const { edgeTargets } = this.reader.graph
    return [...edgeTargets.subarray(this.reader.firstEdge(node), this.reader.endOfEdges(node))]
  }

  #firstReaction(promise: number): number {
    const first = this.reader.follow(promise, 'reactions_or_result')
    return first >= 0 && this.#isReaction(first) ? first : -1
  }

  #nextReaction(reaction: number): number {
    const { reader } = this
    for (let edge = reader.firstEdge(reaction); edge < reader.endOfEdges(reaction); edge++) {
      if (this.#isReaction(reader.targetOf(edge))) return reader.targetOf(edge)
    }
    return -1
  }

  #isReaction(node: number): boolean {
    return this.reader.nameOf(node) === 'system / PromiseReaction'
  }

  #readReaction(reaction: number, promise: number): Reaction {
    const read: Reaction = { generator: -1, combinator: '', promises: [] }
    const settled: number[] = []
    for (const target of this.#targets(reaction)) {
      if (this.isGenerator(target)) read.generator = target
      else if (this.reader.isClosure(target)) this.#readHandler(target, read)
      else if (this.isPromise(target)) settled.push(target)
      else settled.push(...this.#ofCapability(target))
    }
    // What an await leaves behind settles nothing.
    if (read.generator < 0) read.promises.push(...settled)
    const others = [...new Set(read.promises)].filter((other) => other !== promise)
    return { ...read, promises: others }
  }

  #readHandler(closure: number, read: Reaction): void {
    const { reader } = this
    const context = reader.follow(closure, 'context')
    if (context < 0) return
    const awaiting = reader.follow(context, 'extension')
    if (awaiting >= 0 && this.isGenerator(awaiting)) {
      read.generator = awaiting
      return
    }
    const combinator = this.#combinatorOf(closure)
    if (combinator === undefined) return
    if (combinator !== '') read.combinator = combinator
    for (const target of this.#targets(context)) {
      if (this.isPromise(target)) read.promises.push(target)
      else read.promises.push(...this.#ofCapability(target))
    }
  }

  #ofCapability(node: number): readonly number[] {
    if (this.reader.nameOf(node) !== 'system / PromiseCapability') return []
    return this.#targets(node).filter((target) => this.isPromise(target))
  }

  /** '' for what just resolves a promise; undefined for functions of the program. */
  #combinatorOf(closure: number): string | undefined {
    const code = this.reader.follow(closure, 'code')
    if (code < 0) return undefined
    const known = this.#combinators.get(code)
    if (known !== undefined) return known === notV8s ? undefined : known
    const name = this.reader.nameOf(code)
    const found = builtins.find(([pattern]) => pattern.test(name))?.[1]
    this.#combinators.set(code, found ?? notV8s)
    return found
  }
}

const requestName = 'system / AsyncGeneratorRequest'
const notV8s = 'no builtin'

const builtins: readonly (readonly [RegExp, string])[] = [
  [/\(PromiseAllResolveElement/, 'Promise.all'],
  [/\(PromiseAllSettled\w*Element/, 'Promise.allSettled'],
  [/\(PromiseAnyRejectElement/, 'Promise.any'],
  [/\(PromiseCapabilityDefaultRe/, ''],
]
