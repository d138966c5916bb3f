/** The way from what holds a promise to the promise, in words: `Mutex.queue[0]`, `Rpc.pending[...]`. */
import type { AwaitGraph } from './await-graph.ts'
import { isIdentifier } from './identifier.ts'

export interface WaitReason {
  /** `Mutex.queue[#]`: the object's class, then the way from it, its first index left open. */
  readonly path: string
  /** -1 for none. */
  readonly index: number
  /** The object. */
  readonly holder: number
}

/** A node that a search came to, by the edge that leads from it to the one before. */
export interface Reached {
  readonly node: number
  readonly edge: number
  /** Its place in the list of those reached; -1 for the promise itself. */
  readonly before: number
}

const maxPathLength = 200

export class WaitPaths {
  readonly #graph: AwaitGraph

  constructor(graph: AwaitGraph) {
    this.#graph = graph
  }

  /** `className`: of the object that `step` came to; '' for a variable. */
  reason(className: string, step: Reached, reached: readonly Reached[]): WaitReason {
    const holder = step.node
    let path = className
    let index = -1
    for (const { node, edge } of pathOf(step, reached)) {
      if (edge < 0 || (node !== holder && this.#endsPath(node))) break
      const { text, element } = this.#edgeText(node, edge)
      const isFirst = element >= 0 && index < 0
      if (isFirst) index = element
      path += isFirst ? '[#]' : path === '' ? text.replace(/^\./, '') : text
    }
    // However long a linked list is, those in it wait for the same.
    return { path: path.replace(/(\.next)+\b/g, '').slice(0, maxPathLength), index, holder }
  }

  /** Behind a function or a promise come its own affairs. */
  #endsPath(node: number): boolean {
    const { reader } = this.#graph
    if (reader.isClosure(node) || this.#graph.isPromise(node)) return true
    return /^system \/ (Promise|Context($| ))/.test(reader.nameOf(node))
  }

  #edgeText(node: number, edge: number): { text: string; element: number } {
    const { reader } = this.#graph
    if (reader.edgeType(edge) === 'element') {
      const element = reader.graph.edgeNames[edge] ?? 0
      return { text: `[${element}]`, element }
    }
    const key = reader.keyOf(edge)
    const isMap = /^(Safe)?(Map|Set)$/.test(reader.nameOf(node))
    return { text: key === '' ? (isMap ? '[...]' : '') : keyText(key), element: -1 }
  }
}

/** Keys that are no names may be data. */
function keyText(key: string): string {
  const symbol = /^<symbol (.*)>$/.exec(key)?.[1]
  if (symbol !== undefined) return `[${symbol}]`
  return isIdentifier(key) ? `.${key}` : '[...]'
}

export function isContextName(name: string): boolean {
  return /^system \/ Context($| )/.test(name)
}

/** From a step towards the promise. */
export function pathOf(step: Reached, reached: readonly Reached[]): readonly Reached[] {
  const path: Reached[] = []
  for (let at: Reached | undefined = step; at !== undefined; at = reached[at.before]) path.push(at)
  return path
}
