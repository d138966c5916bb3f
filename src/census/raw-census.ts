/** One reading of a process's heaps: where its suspended functions are and who awaits them, in V8's terms. */
import { AwaitGraph } from './await-graph.ts'
import { FunctionNames, type RawFunction } from './function-names.ts'
import { Heap } from './heap.ts'
import { type HeapPage, heapPages, pageSizeBytes } from './heap-pages.ts'
import type { Layout } from './layout.ts'
import type { ProcessMemory, Span } from './process-memory.ts'
import { findMaps, findSuspended, type WantedMaps } from './scan-heap.ts'
import { StackBuilder, type Stacks } from './stacks.ts'
import type { Suspended } from './suspended.ts'
import { isToPage, type Limits, youngLimits } from './young-space.ts'

export interface RawCensus {
  /** Addresses of the heaps, one an isolate. */
  readonly heaps: readonly number[]
  readonly functions: readonly RawFunction[]
  readonly stacks: Stacks
  /** All suspended functions, awaited by another one or not. */
  readonly suspended: number
}

/** A young generation larger than this is not copied at once, and may then be seen while it moves. */
const maxPinnedBytes = 256 * 1024 * 1024

export function takeRawCensus(
  memory: ProcessMemory,
  spans: readonly Span[],
  layout: Layout,
  isAborted: () => boolean = () => false,
): RawCensus {
  const heap = new Heap(memory, layout)
  const found = findIn(memory, heap, spans, layout, isAborted)
  const { suspended, heaps } = found
  markCopies(memory, suspended)
  const graph = new AwaitGraph(heap, layout, suspended)
  const names = new FunctionNames(heap)
  const functionOf = (index: number) => names.idOf(suspended.function[index] ?? 0)
  const stacks = new StackBuilder(suspended, graph, functionOf).build(isAborted)
  return { heaps, functions: names.functions, stacks, suspended: countOf(suspended) }
}

interface Found {
  readonly heaps: readonly number[]
  readonly suspended: Suspended
  readonly maps: WantedMaps
}

function findIn(
  memory: ProcessMemory,
  heap: Heap,
  spans: readonly Span[],
  layout: Layout,
  isAborted: () => boolean,
): Found {
  const before = heapPages(memory, spans, layout.pageFormat)
  const maps = findMaps(heap, before, layout.freeSpace.instanceType, isAborted)
  memory.forget()
  // What the young generation holds now; the collector may have turned it over since.
  const pages = heapPages(memory, spans, layout.pageFormat)
  const limits = pinYoung(memory, pages)
  const heaps = [...new Set(pages.map((page) => page.heap))]
  const isolateOf = (address: number) => heaps.indexOf(address)
  const suspended = findSuspended(
    heap,
    pages,
    limits,
    maps,
    isolateOf,
    layout.freeSpace.unitBytes,
    isAborted,
  )
  return { heaps, suspended, maps }
}

/** Copies the young objects in one go, a few ms, so that they belong to one moment. */
function pinYoung(memory: ProcessMemory, pages: readonly HeapPage[]): Limits {
  const limits = youngLimits(memory, pages)
  let pinnedBytes = 0
  for (const page of pages) {
    if (!isToPage(page) || limits.get(page.address) === 0) continue
    pinnedBytes += pageSizeBytes
    if (pinnedBytes <= maxPinnedBytes) memory.pin(page.address, pageSizeBytes)
  }
  return limits
}

/**
 * An object that was promoted after the young ones were copied was found again among the old ones. The
 * memory that the collector left holds the new address, without the 1 of a pointer, for a while.
 */
function markCopies(memory: ProcessMemory, suspended: Suspended): void {
  for (let index = 0, scanned = suspended.length; index < scanned; index++) {
    const address = suspended.address[index] ?? 0
    if (!memory.isPinned(address)) continue
    const moved = Number(memory.bytes(address, 8).readBigUInt64LE())
    const copy = moved !== 0 && moved % 8 === 0 ? suspended.indexOf(moved) : -1
    if (copy < 0 || copy === index) continue
    suspended.isCopy[copy] = 1
    suspended.alias(moved, index)
  }
}

function countOf(suspended: Suspended): number {
  let count = 0
  for (let index = 0; index < suspended.length; index++) count += 1 - (suspended.isCopy[index] ?? 0)
  return count
}
