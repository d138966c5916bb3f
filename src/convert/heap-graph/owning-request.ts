/**
 * The HTTP request that a suspended function works for: the one IncomingMessage a few steps away from
 * its variables and its `this`, or from those of who awaits it.
 */
import type { AwaitGraph } from './await-graph.ts'
import type { HttpRequestLabels } from './http-request-label.ts'
import { VisitedNodes } from './visited-nodes.ts'

/** koa's: registers, ctx, req; fastify's: registers, reply, request, raw. */
const maxDepth = 5
const maxNodes = 1000

/** Of all searches together: some seconds. */
const maxSteps = 50_000_000

/** They lead to the requests of others. */
const passedOver =
  /Map$|Set$|^system \/|^(Server|Socket|TLSSocket|HTTPParser|Agent|Module|process|Timeout|Promise)$|^global/
const edgesPassedOver = new Set(['__proto__', 'constructor', 'prototype', 'previous', '_events'])

export class OwningRequests {
  readonly #graph: AwaitGraph
  readonly #labels: HttpRequestLabels
  readonly #seen: VisitedNodes
  readonly #known = new Map<number, readonly string[]>()
  readonly #hasRequests: boolean
  #steps = 0

  constructor(graph: AwaitGraph, labels: HttpRequestLabels) {
    this.#graph = graph
    this.#labels = labels
    this.#seen = new VisitedNodes(graph.reader.graph.nodeCount)
    this.#hasRequests = graph.reader.graph.strings.find(className) >= 0
  }

  /** Of one that several await, those of all of them; none where nothing, or nothing certain, is found. */
  of(generator: number, depth = 0): readonly string[] {
    if (!this.#hasRequests || depth > maxAwaiters) return []
    const known = this.#known.get(generator)
    if (known !== undefined) return known
    // What awaits itself in a circle must come to an end.
    this.#known.set(generator, [])
    const found = this.#find(generator, depth)
    this.#known.set(generator, found)
    return found
  }

  #find(generator: number, depth: number): readonly string[] {
    const own = this.#search(this.#ownNodes(generator))
    if (own !== '') return [own]
    const awaiters = this.#graph.awaitersOf(generator)
    if (awaiters.length > 0) {
      const theirs = awaiters.slice(0, maxOfOne)
      return [...new Set(theirs.flatMap((awaiter) => this.of(awaiter.generator, depth + 1)))]
    }
    // A framework goes on with `then`, and knows its request there.
    const behind = this.#searchBehind(generator)
    return behind === '' ? [] : [behind]
  }

  #searchBehind(generator: number): string {
    const { reader } = this.#graph
    const contexts = this.#graph
      .callbacksOf(generator)
      .map((callback) => reader.follow(callback, 'context'))
    return this.#search(contexts.filter((node) => node >= 0 && isContext(reader.nameOf(node))))
  }

  #search(start: readonly number[]): string {
    this.#seen.clear()
    let level = start.filter((node) => this.#seen.add(node))
    let count = 0
    for (let depth = 0; depth < maxDepth && level.length > 0; depth++) {
      const found = new Set(level.flatMap((node) => this.#requestAt(node)))
      if (found.size > 0) return found.size === 1 ? String([...found][0]) : ''
      const next: number[] = []
      for (const node of level) {
        if (count > maxNodes || this.#steps > maxSteps) break
        count += this.#expand(node, next)
      }
      level = next
    }
    return ''
  }

  #ownNodes(generator: number): number[] {
    const { reader } = this.#graph
    const nodes = (['parameters_and_registers', 'context', 'receiver'] as const)
      .map((name) => reader.follow(generator, name))
      .filter((node) => node >= 0)
    return nodes.filter((node) => !isHub(reader.nameOf(node)) || isContext(reader.nameOf(node)))
  }

  #requestAt(node: number): readonly string[] {
    const { reader } = this.#graph
    if (!reader.isObject(node) || reader.nameOf(node) !== className) return []
    const label = this.#labels.served(node)
    return label === undefined ? [] : [label]
  }

  /** Adds what a node leads to; returns how many edges were looked at. */
  #expand(node: number, next: number[]): number {
    const { reader } = this.#graph
    const first = reader.firstEdge(node)
    const end = Math.min(reader.endOfEdges(node), first + maxNodes)
    for (let edge = first; edge < end; edge++) {
      const target = reader.targetOf(edge)
      const type = reader.nodeType(target)
      if (type !== 'object' && type !== 'array') continue
      if (edgesPassedOver.has(reader.keyOf(edge)) || reader.isEdge(edge, 'previous')) continue
      if (reader.edgeType(edge) === 'weak' || this.#graph.isGenerator(target)) continue
      if (!isHub(reader.nameOf(target)) && this.#seen.add(target)) next.push(target)
    }
    this.#steps += end - first
    return end - first
  }
}

const className = 'IncomingMessage'

/** Functions between a handler and what it waits for in the end. */
const maxAwaiters = 20

/** Functions that wait for one promise. */
const maxOfOne = 100

function isHub(name: string): boolean {
  return passedOver.test(name)
}

function isContext(name: string): boolean {
  return name.startsWith('system / Context')
}
