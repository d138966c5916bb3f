/**
 * Stacks of a process that never rests. Two readings of all its memory see two moments, between which most
 * of a busy server's functions have come and gone. So each function is looked at by itself as soon as it is
 * found, with all that await it, and counts only if everything that led to its stack was so at one moment.
 */
import { AwaitGraph } from './await-graph.ts'
import { Glance } from './glance.ts'
import { Heap } from './heap.ts'
import { type HeapPage, heapPages, pageFlags, pageOf, toSpace } from './heap-pages.ts'
import type { Layout } from './layout.ts'
import type { ProcessMemory, Span } from './process-memory.ts'
import type { RawCensus, RawStacks } from './raw-census.ts'
import { findSuspended } from './scan-heap.ts'
import { StackBuilder, type Stacks } from './stacks.ts'
import { Suspended } from './suspended.ts'
import { type FilledPage, filledPages, isYoung } from './young-space.ts'

export interface Glances {
  /** One suspended function each, that none of the others leads to. */
  readonly stacks: readonly RawStacks[]
  /** Whether all pages were looked at before the collector turned the young ones over. */
  readonly isWhole: boolean
  /** Whether also those were looked at that both readings have seen. */
  readonly areAll: boolean
}

/** A glance takes 0.1 ms; a busy server has some hundred functions, and collects some ten times a second. */
const maxMs = 300
/** 16 MB take some 10 ms. */
const maxOldPages = 64
/** So many take no longer than the pages of a busy server's young ones. */
const maxKnown = 2000
/** The first runs slowly: V8 has not compiled it yet. */
const enough = 8
/** The target changes a function's surroundings while they are read: rarely, and hardly ever twice. */
const maxTries = 3

/** `last`: what the last reading of all the memory found. */
export function glanceAtStacks(
  memory: ProcessMemory,
  spans: readonly Span[],
  layout: Layout,
  last: RawCensus,
): Glances {
  memory.unpin()
  const deadline = performance.now() + maxMs
  const glance = new Glance(memory, layout.pageFormat)
  const heap = new Heap(glance, layout)
  const areAll = looksAtEach(last)
  let best: Glances = { stacks: [], isWhole: false, areAll }
  for (let whole = 0; whole < enough && performance.now() < deadline; ) {
    const glances = new Sweep(memory, layout, last, glance, heap, deadline).over(spans)
    if (glances.isWhole) whole++
    // Each stack is true by itself, so the more the better.
    if (glances.stacks.length >= best.stacks.length) best = glances
  }
  return best
}

/** Whether there are so few functions that each is looked at, also those that both readings have seen. */
function looksAtEach({ found }: RawCensus): boolean {
  return found.length <= maxKnown
}

class Sweep {
  readonly #memory: ProcessMemory
  readonly #layout: Layout
  readonly #last: RawCensus
  readonly #deadline: number
  readonly #looksAtEach: boolean
  readonly #glance: Glance
  readonly #heap: Heap
  readonly #stacks = new Map<number, RawStacks>()
  /** Addresses of functions that await one that was looked at. */
  readonly #awaiters = new Set<number>()

  constructor(
    memory: ProcessMemory,
    layout: Layout,
    last: RawCensus,
    glance: Glance,
    heap: Heap,
    deadline: number,
  ) {
    this.#memory = memory
    this.#layout = layout
    this.#last = last
    this.#deadline = deadline
    this.#looksAtEach = looksAtEach(last)
    this.#glance = glance
    this.#heap = heap
  }

  over(spans: readonly Span[]): Glances {
    const pages = heapPages(this.#memory, spans, this.#layout.pageFormat)
    const young = pages.filter(isYoung)
    const withOld = this.#pagesOfLast()
    const all = pages.filter((page) => !isYoung(page))
    const old = all.length <= maxOldPages ? all : all.filter(({ address }) => withOld.has(address))
    let isWhole = true
    for (const heap of new Set(pages.map((page) => page.heap))) {
      const ofHeap = (page: HeapPage) => page.heap === heap
      // The latest first: whoever awaits is mostly older than what it awaits, and lives longer.
      const filled = filledPages(this.#memory, heap, young.filter(ofHeap))
      const rest = old
        .filter(ofHeap)
        .map((page) => ({ page, limit: page.address + page.sizeBytes }))
      for (const one of filled) {
        this.#lookAt(one)
        isWhole = !this.#isTurnedOver(filled) && performance.now() <= this.#deadline
        if (!isWhole) break
      }
      for (const one of rest) this.#lookAt(one, !isWhole)
    }
    for (const address of this.#awaiters) this.#stacks.delete(address)
    return { stacks: [...this.#stacks.values()], isWhole, areAll: this.#looksAtEach }
  }

  /** Of many old pages only those matter that hold suspended functions. */
  #pagesOfLast(): ReadonlySet<number> {
    const { found } = this.#last
    const pages = new Set<number>()
    for (let index = 0; index < found.length; index++) pages.add(pageOf(found.address[index] ?? 0))
    return pages
  }

  #isTurnedOver(filled: readonly FilledPage[]): boolean {
    const { pageFormat } = this.#layout
    return filled.some(
      ({ page }) => (pageFlags(this.#memory, page.address, pageFormat) & toSpace) === 0,
    )
  }

  /** `onlyKnown`: of those that were there before, for the others may have come out of young pages. */
  #lookAt({ page, limit }: FilledPage, onlyKnown = false): void {
    const { maps, found: before } = this.#last
    const { unitBytes } = this.#layout.freeSpace
    const zero = () => 0
    const never = () => false
    const limits = new Map([[page.address, limit]])
    const found = findSuspended(this.#memory, [page], limits, maps, zero, unitBytes, never)
    for (let index = found.length - 1; index >= 0; index--) {
      const address = found.address[index] ?? 0
      if (this.#awaiters.has(address) || performance.now() > this.#deadline) continue
      // What waits for long both readings have seen, and there may be a million of it.
      const known = isYoung(page) ? -1 : before.indexOf(address)
      if (onlyKnown && known < 0) continue
      if (
        !this.#looksAtEach &&
        known >= 0 &&
        before.continuation[known] === found.continuation[index]
      )
        continue
      const stacks = this.#stacksOf(address, found.kind[index] ?? 0)
      if (stacks === undefined) continue
      const { functions } = this.#last
      this.#stacks.set(address, { heaps: [page.heap], functions, stacks })
    }
  }

  /** Undefined for what is none, has gone on or was never seen to stand still. */
  #stacksOf(address: number, kind: number): Stacks | undefined {
    for (let tries = 0; tries < maxTries; tries++) {
      this.#glance.begin()
      const suspended = this.#suspendedAt(address, kind)
      if (suspended === undefined) return undefined
      const stacks = this.#build(suspended)
      if (!this.#glance.holds()) continue
      if (stacks.torn > 0 || stacks.leaves.length === 0) return undefined
      for (let index = 1; index < suspended.length; index++) {
        this.#awaiters.add(suspended.address[index] ?? 0)
      }
      return stacks
    }
    return undefined
  }

  #suspendedAt(address: number, kind: number): Suspended | undefined {
    const { types } = this.#layout
    const type = [types.asyncFunction, types.asyncGenerator, types.generator][kind]
    if (this.#heap.typeOf(address) !== type || !this.#heap.isSuspended(address)) return undefined
    const suspended = new Suspended()
    const { fn, point } = this.#heap.suspendedParts(address)
    suspended.add(address, fn, point, kind, 0)
    suspended.endScan()
    return suspended
  }

  #build(suspended: Suspended): Stacks {
    const graph = new AwaitGraph(this.#heap, this.#layout, suspended)
    const functionOf = (index: number) =>
      this.#last.names.idOf(suspended.function[index] ?? 0, this.#heap)
    const keyOf = (index: number) => `${functionOf(index)} ${suspended.continuation[index]}`
    return new StackBuilder(suspended, graph, functionOf, keyOf).build(() => false)
  }
}
