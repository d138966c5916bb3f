/** What hangs on a promise: the functions that await it, and the promises that it settles in turn. */
import type { GraphReader } from './graph-reader.ts'

/** What a reaction of a promise leads to. */
export interface Reaction {
  generator: number
  combinator: string
  readonly promises: number[]
  /** Functions of the program. */
  readonly callbacks: number[]
}

/** Which nodes are what, and their edges. */
interface Nodes {
  readonly reader: GraphReader
  isGenerator(node: number): boolean
  isPromise(node: number): boolean
}

export class PromiseReactions {
  readonly #graph: Nodes
  readonly #reader: GraphReader
  readonly #combinators = new Map<number, string>()

  constructor(graph: Nodes) {
    this.#graph = graph
    this.#reader = graph.reader
  }

  isOne(promise: number): boolean {
    const first = this.#firstReaction(promise)
    return first >= 0 && this.#nextReaction(first) < 0
  }

  #firstReaction(promise: number): number {
    const first = this.#reader.follow(promise, 'reactions_or_result')
    return first >= 0 && this.#isReaction(first) ? first : -1
  }

  /** A snapshot that lies may have a circle of them. */
  *of(promise: number): Generator<number> {
    const seen = new Set<number>()
    let reaction = this.#firstReaction(promise)
    while (reaction >= 0 && !seen.has(reaction)) {
      seen.add(reaction)
      yield reaction
      reaction = this.#nextReaction(reaction)
    }
  }

  #nextReaction(reaction: number): number {
    const reader = this.#reader
    for (let edge = reader.firstEdge(reaction); edge < reader.endOfEdges(reaction); edge++) {
      if (this.#isReaction(reader.targetOf(edge))) return reader.targetOf(edge)
    }
    return -1
  }

  #isReaction(node: number): boolean {
    return this.#reader.nameOf(node) === 'system / PromiseReaction'
  }

  read(reaction: number, promise: number): Reaction {
    const read: Reaction = { generator: -1, combinator: '', promises: [], callbacks: [] }
    const settled: number[] = []
    for (const target of this.#reader.targetsOf(reaction)) {
      if (this.#graph.isGenerator(target)) read.generator = target
      else if (this.#reader.isClosure(target)) this.#readHandler(target, read)
      else if (this.#graph.isPromise(target)) settled.push(target)
      else settled.push(...this.#ofCapability(target))
    }
    // What an await leaves behind settles nothing.
    if (read.generator < 0) read.promises.push(...settled)
    const others = [...new Set(read.promises)].filter((other) => other !== promise)
    return { ...read, promises: others }
  }

  #readHandler(closure: number, read: Reaction): void {
    const reader = this.#reader
    const context = reader.follow(closure, 'context')
    if (context < 0) return
    const awaiting = reader.follow(context, 'extension')
    if (awaiting >= 0 && this.#graph.isGenerator(awaiting)) {
      read.generator = awaiting
      return
    }
    const combinator = this.#combinatorOf(closure)
    if (combinator === undefined) {
      read.callbacks.push(closure)
      return
    }
    if (combinator !== '') read.combinator = combinator
    for (const target of this.#reader.targetsOf(context)) {
      if (this.#graph.isPromise(target)) read.promises.push(target)
      else read.promises.push(...this.#ofCapability(target))
    }
  }

  #ofCapability(node: number): readonly number[] {
    if (this.#reader.nameOf(node) !== 'system / PromiseCapability') return []
    return this.#reader.targetsOf(node).filter((target) => this.#graph.isPromise(target))
  }

  /** '' for what just resolves a promise; undefined for functions of the program. */
  #combinatorOf(closure: number): string | undefined {
    const code = this.#reader.follow(closure, 'code')
    if (code < 0) return undefined
    const known = this.#combinators.get(code)
    if (known !== undefined) return known === notV8s ? undefined : known
    const name = this.#reader.nameOf(code)
    const found = builtins.find(([pattern]) => pattern.test(name))?.[1]
    this.#combinators.set(code, found ?? notV8s)
    return found
  }
}

const notV8s = 'no builtin'

const builtins: readonly (readonly [RegExp, string])[] = [
  [/\(PromiseAllResolveElement/, 'Promise.all'],
  [/\(PromiseAllSettled\w*Element/, 'Promise.allSettled'],
  [/\(PromiseAnyRejectElement/, 'Promise.any'],
  [/\(PromiseCapabilityDefaultRe/, ''],
]
