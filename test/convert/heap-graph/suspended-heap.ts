// Heaps with suspended functions, written by hand.
import { suspendedFunctions } from '../../../src/convert/heap-graph/suspended-functions.ts'
import type { SuspendedGroup } from '../../../src/convert/suspended-messages.ts'
import { type Edge, graphOf, type Node } from './snapshots.ts'

export const header = { marks: [], maxFrames: 100, maxGroups: 100, withQuery: false }

/** Nodes are added, and edges to them, in any order. */
export class Heap {
  readonly nodes: { type: NonNullable<Node['type']>; name: string; edges: Edge[] }[] = [
    { type: 'synthetic', name: '', edges: [] },
  ]

  add(
    name: string,
    type: NonNullable<Node['type']> = 'object',
    edges: readonly Edge[] = [],
  ): number {
    return this.nodes.push({ type, name, edges: [...edges] }) - 1
  }

  edge(from: number, ...edge: Edge): void {
    this.nodes[from]?.edges.push(edge)
  }

  /** A function suspended at `promise`; its own promise is what comes back. */
  suspend(name: string, promise: number): { generator: number; result: number; closure: number } {
    const result = this.add('Promise')
    const closure = this.add(name, 'closure')
    const registers = this.add('', 'array')
    const generator = this.add('Generator', 'object', [
      ['internal', 'function', closure],
      ['internal', 'parameters_and_registers', registers],
      ['hidden', 3, result],
    ])
    const context = this.add('system / Context', 'object', [['internal', 'extension', generator]])
    this.react(promise, this.add('', 'closure', [['internal', 'context', context]]))
    return { generator, result, closure }
  }

  /** Hangs a reaction with this handler on a promise. */
  react(promise: number, handler: number, settles?: number): number {
    const edges = this.nodes[promise]?.edges ?? []
    const at = edges.findIndex(([, name]) => name === 'reactions_or_result')
    const next = at < 0 ? [] : edges.splice(at, 1)
    const reaction = this.add('system / PromiseReaction', 'hidden', [
      ...next.map(([, , target]): Edge => ['hidden', 0, target]),
      ['hidden', 2, handler],
      ...(settles === undefined ? [] : [['hidden', 3, settles] satisfies Edge]),
    ])
    this.edge(promise, 'internal', 'reactions_or_result', reaction)
    return reaction
  }

  /** A function that settles the promise. */
  resolver(promise: number): number {
    const context = this.add('system / Context', 'object', [['hidden', 1, promise]])
    return this.add('', 'closure', [['internal', 'context', context]])
  }

  groups(more: Partial<typeof header> = {}): readonly SuspendedGroup[] {
    return suspendedFunctions(graphOf(this.nodes), { ...header, ...more }).groups
  }

  reasons() {
    return this.groups().map(({ waitsFor }) => waitsFor)
  }
}
