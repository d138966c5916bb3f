/**
 * Why a promise is not settled yet: the first telling thing that holds the promise, or a function that
 * settles it, found by a search against the direction of references. It is what will probably settle
 * the promise; nothing in a heap says so for certain.
 */
import type { AwaitGraph } from './await-graph.ts'
import type { IncomingEdges } from './incoming-edges.ts'
import { VisitedNodes } from './visited-nodes.ts'
import { isContextName, pathOf, type Reached, WaitPaths, type WaitReason } from './wait-path.ts'

const maxDepth = 14
const maxNodes = 2000

/** Of all searches together: some seconds. */
const maxSteps = 50_000_000

/** Nodes to go through; every other object with a class is telling. */
const plain =
  /^(|Object|Array|(Safe)?(Map|Set)|Listener|Promise|Function|PromiseReject|PromiseWithResolvers|AsyncFunction|Arguments)$|^\(/
const v8s = /^system \/ (PromiseReaction|PromiseCapability|ContextCell|Context( \/.*)?|Cell)$/
const hubs =
  /^(process|Module|ModuleWrap|WeakMap|WeakSet|WeakRef|FinalizationRegistry|AsyncContextFrame|AsyncHook|AsyncLocalStorage)$/
/** What ends the wait for other reasons: at first not looked at. */
const givesUp = /^(Listener|AbortSignal|AbortController)$/
const edgesPassedOver = new Set(['__proto__', 'constructor', 'prototype'])

/** Fewer functions share the variables of one that calls back; a module's are everybody's. */
const minModuleFunctions = 4

export class WaitReasons {
  readonly #graph: AwaitGraph
  readonly #incoming: IncomingEdges
  readonly #isOurs: (node: number) => boolean
  readonly #paths: WaitPaths
  readonly #seen: VisitedNodes
  readonly #known = new Map<number, WaitReason | undefined>()
  readonly #isModule = new Map<number, boolean>()
  #passesOver = false
  #steps = 0

  /** `isOurs`: what pprofd itself holds the promises with. */
  constructor(graph: AwaitGraph, incoming: IncomingEdges, isOurs: (node: number) => boolean) {
    this.#graph = graph
    this.#incoming = incoming
    this.#isOurs = isOurs
    this.#paths = new WaitPaths(graph)
    this.#seen = new VisitedNodes(graph.reader.graph.nodeCount)
  }

  of(promise: number): WaitReason | undefined {
    if (!this.#known.has(promise)) this.#known.set(promise, this.#search(promise))
    return this.#known.get(promise)
  }

  /** What holds a function that settles it says more than what holds the promise itself. */
  #search(promise: number): WaitReason | undefined {
    let fallback: WaitReason | undefined
    for (const effort of efforts) {
      const found = this.#searchWith(promise, effort)
      if (found?.isTelling) return found.reason
      fallback ??= found?.reason
    }
    return fallback
  }

  #searchWith(promise: number, { fromSettlers, passesOver }: Effort): Found | undefined {
    this.#passesOver = passesOver
    this.#seen.clear()
    this.#seen.add(promise)
    const reached: Reached[] = [{ node: promise, edge: -1, before: -1 }]
    if (fromSettlers) this.#addSettlers(promise, reached)
    let fallback: Found | undefined
    let end = reached.length
    for (
      let at = fromSettlers ? 1 : 0, depth = 0;
      at < reached.length && depth < maxDepth;
      depth++
    ) {
      for (; at < end; at++) {
        const found = this.#expand(reached, at)
        if (found?.isTelling) return found.isFunction ? within(found, fallback) : found
        fallback ??= found
        if (reached.length > maxNodes || this.#steps > maxSteps) return fallback
      }
      end = reached.length
    }
    return fallback
  }

  /** What settles it: the variables of its resolve functions, and what another promise hands on. */
  #addSettlers(promise: number, reached: Reached[]): void {
    const { reader } = this.#graph
    for (const edge of this.#incoming.of(promise)) {
      const node = this.#incoming.sourceOf(edge)
      const isSettler = v8s.test(reader.nameOf(node)) && reader.keyOf(edge) === ''
      if (isSettler && this.#seen.add(node)) reached.push({ node, edge, before: 0 })
    }
  }

  #expand(reached: Reached[], at: number): Found | undefined {
    const { reader } = this.#graph
    const target = (reached[at] as Reached).node
    let fallback: Found | undefined
    for (const edge of this.#incoming.of(target)) {
      if (++this.#steps > maxSteps || reached.length > maxNodes) break
      const node = this.#incoming.sourceOf(edge)
      const key = reader.keyOf(edge)
      if (this.#isOurs(node) || edgesPassedOver.has(key) || this.#isPassedOver(key, node)) continue
      if (!this.#seen.add(node)) continue
      const step = { node, edge, before: at }
      const found = this.#judge(step, reached)
      if (found === 'pass') reached.push(step)
      else if (found?.isTelling) return found
      else if (found !== undefined) {
        fallback ??= found
        if (found.goesOn) reached.push(step)
      }
    }
    return fallback
  }

  #isPassedOver(key: string, node: number): boolean {
    return this.#passesOver && (key === 'error' || givesUp.test(this.#graph.reader.nameOf(node)))
  }

  /** What a node on the way says: something, nothing but go on, or nothing at all. */
  #judge(step: Reached, reached: readonly Reached[]): Found | 'pass' | undefined {
    const { reader } = this.#graph
    const { node, edge } = step
    const key = reader.keyOf(edge)
    const type = reader.nodeType(node)
    if (type === 'array') return 'pass'
    if (this.#graph.isGenerator(node)) return this.#ofFunction(step, reached)
    if (type === 'closure') {
      const target = (reached[step.before] as Reached).node
      return reader.isEdge(edge, 'context') && this.#isModuleContext(target) ? undefined : 'pass'
    }
    const name = reader.nameOf(node)
    if (isContextName(name)) return this.#ofVariable(step, key, reached)
    if (v8s.test(name)) return 'pass'
    if (type !== 'object' || hubs.test(name) || name.startsWith('system / ')) return undefined
    if (this.#graph.isPromise(node)) {
      return reader.isEdge(edge, 'reactions_or_result') ? 'pass' : undefined
    }
    if (/^global|^Object \/ /.test(name)) {
      const reason = this.#paths.reason('', step, reached)
      return { reason, isTelling: true }
    }
    if (plain.test(name)) return 'pass'
    return { reason: this.#paths.reason(name, step, reached), isTelling: true }
  }

  /** Another suspended function has it in a variable, and will settle it when it goes on. */
  #ofFunction(step: Reached, reached: readonly Reached[]): Found | undefined {
    const { reader } = this.#graph
    // Those that have the promise itself just wait for it.
    const passed = pathOf(step, reached).slice(1)
    const settles = passed.some(({ node }) => reader.isClosure(node))
    const fn = this.#graph.functionOf(step.node)
    if (!settles || fn < 0) return undefined
    const path = `a variable of ${reader.nameOf(fn) || '(anonymous)'}`
    return { reason: { path, index: -1, holder: step.node }, isTelling: false }
  }

  #ofVariable(step: Reached, key: string, reached: readonly Reached[]): Found | 'pass' | undefined {
    const { reader } = this.#graph
    const isModule = this.#isModuleContext(step.node)
    if (key === '') return isModule ? undefined : 'pass'
    const reason = this.#paths.reason('', step, reached)
    const isFunction = isModule && reader.isClosure(reader.targetOf(step.edge))
    return { reason, isTelling: isModule, goesOn: !isModule, isFunction }
  }

  /** Whether its variables are those of a module or a script. */
  #isModuleContext(context: number): boolean {
    const known = this.#isModule.get(context)
    if (known !== undefined) return known
    const { reader } = this.#graph
    const outer = reader.follow(context, 'previous')
    let functions = 0
    for (const edge of this.#incoming.of(context)) {
      if (reader.isEdge(edge, 'context') && reader.isClosure(this.#incoming.sourceOf(edge))) {
        functions++
      }
    }
    const isOutermost = outer < 0 || !reader.nameOf(outer).startsWith('system / Context')
    const isResolvers = reader.follow(context, 'extension') >= 0
    const isModule = !isResolvers && isOutermost && functions >= minModuleFunctions
    this.#isModule.set(context, isModule)
    return isModule
  }
}

interface Found {
  readonly reason: WaitReason
  readonly isTelling: boolean
  /** What holds it may tell more. */
  readonly goesOn?: boolean | undefined
  /** It is a variable that has a function, whose own variables lead on to the promise. */
  readonly isFunction?: boolean | undefined
}

interface Effort {
  /** Begin with what settles the promise. */
  readonly fromSettlers: boolean
  /** Leave out listeners of errors and aborts. */
  readonly passesOver: boolean
}

const efforts: readonly Effort[] = [
  { fromSettlers: true, passesOver: true },
  { fromSettlers: true, passesOver: false },
  { fromSettlers: false, passesOver: true },
]

/** `queue[0] of limit`: a variable of the function that a module calls `limit`. */
function within(found: Found, variable: Found | undefined): Found {
  if (variable === undefined) return found
  const { path, index } = variable.reason
  const reason = { path: `${path} of ${found.reason.path}`, index, holder: found.reason.holder }
  return { reason, isTelling: true }
}
