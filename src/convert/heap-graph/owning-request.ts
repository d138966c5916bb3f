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
  readonly #known = new Map<number, string>()
  readonly #hasRequests: boolean
  #steps = 0

  constructor(graph: AwaitGraph, labels: HttpRequestLabels) {
    this.#graph = graph
    this.#labels = labels
    this.#seen = new VisitedNodes(graph.reader.graph.nodeCount)
    this.#hasRequests = graph.reader.graph.strings.find(className) >= 0
  }

  /** '' where none is found, or several. */
  of(generator: number): string {
    if (!this.#hasRequests) return ''
    const chain: number[] = []
    for (let at = generator; at >= 0 && !chain.includes(at) && chain.length < maxChain; ) {
      const known = this.#known.get(at) ?? this.#search(at)
      if (known !== '') return this.#remember([...chain, at], known)
      chain.push(at)
      const [awaiter, other] = this.#graph.awaitersOf(at)
      at = awaiter === undefined || other !== undefined ? -1 : awaiter.generator
    }
    return this.#remember(chain, '')
  }

  #remember(chain: readonly number[], label: string): string {
    for (const generator of chain) this.#known.set(generator, label)
    return label
  }

  #search(generator: number): string {
    this.#seen.clear()
    this.#seen.add(generator)
    let level = this.#ownNodes(generator)
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
      .filter((node) => node >= 0 && this.#seen.add(node))
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
const maxChain = 20

function isHub(name: string): boolean {
  return passedOver.test(name)
}

function isContext(name: string): boolean {
  return name.startsWith('system / Context')
}
