/**
 * Who goes on when a suspended function ends: from its promise over the reactions that hang on it to
 * the functions that await it. Every step is checked by the type of what it finds; where that is not
 * what must be there, the target was just changing it, and the function is called torn.
 */
import type { Heap } from './heap.ts'
import {
  behindNext,
  type Constants,
  fields,
  type Hop,
  type HopKind,
  type Layout,
} from './layout.ts'
import type { Suspended } from './suspended.ts'

/** A combinator on the way; `index` is the place of the promise among its arguments. */
export interface Via {
  readonly kind: HopKind
  readonly index: number
}

export interface Awaiter {
  /** Index into the suspended functions. */
  readonly index: number
  /** Nearest first. */
  readonly via: readonly Via[]
}

export type Awaiters = readonly Awaiter[] | 'torn'

interface Step {
  readonly promise: number
  readonly via: readonly Via[]
}

class Found {
  readonly from: number
  readonly awaiters: Awaiter[] = []

  constructor(from: number) {
    this.from = from
  }
}

const nothing: readonly Awaiter[] = []
const noVia: readonly Via[] = []
/** Promises on the way from one function to those that await it. Chains of `then` are this long only by mistake. */
const maxSteps = 100_000
/** Functions that await one promise: more than a process has memory for are a list that leads back into itself. */
const maxReactions = 50_000_000

export class AwaitGraph {
  readonly #heap: Heap
  readonly #layout: Layout
  readonly #suspended: Suspended

  constructor(heap: Heap, layout: Layout, suspended: Suspended) {
    this.#heap = heap
    this.#layout = layout
    this.#suspended = suspended
  }

  awaitersOf(index: number): Awaiters {
    const kind = this.#suspended.kind[index]
    const object = this.#suspended.address[index] ?? 0
    if (kind === generator) return nothing
    const { promise } = this.#layout.types
    const result = this.#heap.object(object + fields.generatorResult)
    if (kind === asyncFunction) {
      if (this.#heap.typeOf(result) !== promise || !this.#isPending(result)) return 'torn'
      return this.#follow([{ promise: result, via: noVia }], index)
    }
    const requests = this.#requests(object)
    return requests === 'torn' ? 'torn' : this.#follow(requests, index)
  }

  /** Those that called `next` and wait for what the generator yields. The end of the queue is undefined. */
  #requests(object: number): Step[] | 'torn' {
    const { generatorRequest, promise } = this.#layout.types
    const steps: Step[] = []
    let request = this.#heap.object(object + fields.generatorResult)
    while (this.#heap.typeOf(request) === generatorRequest && steps.length < maxSteps) {
      const wanted = this.#heap.object(request + fields.requestPromise)
      if (this.#heap.typeOf(wanted) !== promise) return 'torn'
      steps.push({ promise: wanted, via: noVia })
      request = this.#heap.object(request + fields.requestNext)
    }
    return steps
  }

  #follow(steps: Step[], from: number): Awaiters {
    const found = new Found(from)
    const seen = new Set<number>()
    for (let at = 0; at < steps.length; at++) {
      const step = steps[at] as Step
      if (seen.has(step.promise) || !this.#isPending(step.promise)) continue
      seen.add(step.promise)
      if (!this.#addReactions(step, steps, found) || steps.length > maxSteps) return 'torn'
    }
    return found.awaiters
  }

  #addReactions(step: Step, steps: Step[], found: Found): boolean {
    const { reaction } = this.#layout.types
    let at = step.promise + fields.promiseReactions
    for (let count = 0; count < maxReactions && !this.#heap.isSmi(at); count++) {
      const object = this.#heap.object(at)
      if (this.#heap.typeOf(object) !== reaction) return false
      if (!this.#addHandler(object, step, steps, found)) return false
      this.#addResult(object, step, steps)
      at = object + this.#layout.reactionNext
    }
    return true
  }

  /** What V8's own code will do; functions of the program only lead on to the promise of `then`. */
  #addHandler(reaction: number, step: Step, steps: Step[], found: Found): boolean {
    const heap = this.#heap
    const { types, offsets } = this.#layout
    let handler = heap.object(reaction + this.#layout.reactionNext + behindNext.fulfill)
    let hop = hopOf(heap, this.#layout, handler)
    if (hop === undefined) return true
    if (hop.kind === 'resolve') {
      // Promise.any collects the rejections; the first fulfilment resolves its promise at once.
      const reject = heap.object(reaction + this.#layout.reactionNext + behindNext.reject)
      const rejectHop = hopOf(heap, this.#layout, reject)
      if (rejectHop?.kind === 'Promise.any') [handler, hop] = [reject, rejectHop]
    }
    let object = heap.object(handler + offsets.functionContext)
    for (const offset of hop.path) object = object === 0 ? 0 : heap.object(object + offset)
    if (hop.kind === 'await') return this.#addAwaiter(object, step, found)
    const type = heap.typeOf(object)
    if (hop.kind === 'resolve') {
      if (type === types.promise) steps.push({ promise: object, via: step.via })
      // Once it has resolved its promise, it forgets it: such as those that came too late for a race.
      return type >= 0
    }
    if (type !== types.capability) return type >= 0
    const promise = heap.object(object + fields.capabilityPromise)
    const index = heap.isSmi(handler + fields.hash) ? heap.smi(handler + fields.hash) - 1 : -1
    const via = [...step.via, { kind: hop.kind, index }]
    if (heap.typeOf(promise) === types.promise) steps.push({ promise, via })
    return true
  }

  #addAwaiter(object: number, step: Step, found: Found): boolean {
    const heap = this.#heap
    const type = heap.typeOf(object)
    const { asyncFunction: wanted, asyncGenerator: other } = this.#layout.types
    if ((type !== wanted && type !== other) || !heap.isSuspended(object)) return false
    let index = this.#suspended.indexOf(object)
    if (index < 0) {
      // Missed by the scan, or born after it: what a live chain leads to is alive.
      const { fn, point } = heap.suspendedParts(object)
      const kind = type === wanted ? asyncFunction : asyncGenerator
      index = this.#suspended.add(object, fn, point, kind, this.#suspended.isolate[found.from] ?? 0)
    }
    found.awaiters.push({ index, via: step.via })
    return true
  }

  #addResult(reaction: number, step: Step, steps: Step[]): void {
    const { types } = this.#layout
    let result = this.#heap.object(reaction + this.#layout.reactionNext + behindNext.result)
    if (this.#heap.typeOf(result) === types.capability) {
      result = this.#heap.object(result + fields.capabilityPromise)
    }
    if (this.#heap.typeOf(result) === types.promise) steps.push({ promise: result, via: step.via })
  }

  /** The lowest two bits of the flags: 0 pending, 1 fulfilled, 2 rejected (objects/js-promise.h). */
  #isPending(promise: number): boolean {
    const at = promise + fields.promiseFlags
    return this.#heap.isSmi(at) && (this.#heap.smi(at) & 3) === 0
  }
}

const asyncFunction = 0
const asyncGenerator = 1
const generator = 2

/** What a handler of V8's own does; undefined for functions of the program. */
export function hopOf(heap: Heap, layout: Layout, handler: number): Hop | undefined {
  const builtin = builtinOf(heap, layout, layout.builtinOffset, handler)
  return builtin === undefined ? undefined : layout.hops.get(builtin)
}

/** The number of the builtin that a function is; undefined for functions of the program. */
export function builtinOf(
  heap: Heap,
  { types, offsets }: Constants,
  builtinOffset: number,
  fn: number,
): number | undefined {
  if (heap.typeOf(fn) !== types.function) return undefined
  const shared = heap.object(fn + offsets.functionShared)
  if (heap.typeOf(shared) !== types.sharedFunction) return undefined
  const builtin = heap.isSmi(shared + builtinOffset) ? heap.smi(shared + builtinOffset) : 0
  return builtin > 0 ? builtin : undefined
}
