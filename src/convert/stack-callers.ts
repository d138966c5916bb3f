/** The callers of stacks that are a tree: what is below two stacks is made once. */
import type { CallersRef, ProfileBuilder } from '../pprof/profile-builder.ts'
import type { PprofLocations } from './pprof-locations.ts'

export interface StackTree {
  /** Index of the stack below; -1 at the bottom. */
  readonly parents: Int32Array
  /** Index of each stack's topmost frame. */
  readonly frames: Int32Array
}

export class StackCallers {
  readonly #builder: ProfileBuilder
  readonly #locations: PprofLocations
  readonly #stacks: StackTree
  readonly #nobody: CallersRef
  /** By stack: itself as the callers of what is on top of it. */
  readonly #known: (CallersRef | undefined)[]
  /** The callers of the stack that is looked at which are not known yet; empty between two looks. */
  readonly #unknown: number[] = []

  constructor(builder: ProfileBuilder, locations: PprofLocations, stacks: StackTree) {
    this.#builder = builder
    this.#locations = locations
    this.#stacks = stacks
    this.#nobody = builder.callers([])
    this.#known = Array.from({ length: stacks.parents.length })
  }

  of(stack: number): CallersRef {
    const { parents, frames } = this.#stacks
    const unknown = this.#unknown
    let at = parents[stack] ?? -1
    for (; at >= 0 && this.#known[at] === undefined; at = parents[at] ?? -1) {
      // In this order locations get their ids.
      this.#locations.ofFunction(frames[at] ?? -1)
      unknown.push(at)
    }
    let callers = this.#known[at] ?? this.#nobody
    for (let on = unknown.pop(); on !== undefined; on = unknown.pop()) {
      callers = this.#builder.caller(this.#locations.ofFunction(frames[on] ?? -1), callers)
      this.#known[on] = callers
    }
    return callers
  }
}
