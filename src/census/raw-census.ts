/** One reading of a process's heaps: where its suspended functions are and who awaits them, in V8's terms. */
import { AwaitGraph } from './await-graph.ts'
import { FunctionNames, type RawFunction } from './function-names.ts'
import { Heap } from './heap.ts'
import {
  type HeapPage,
  heapPages,
  holdsObjects,
  pageOf,
  pageSizeBytes,
  readPage,
} from './heap-pages.ts'
import type { Layout } from './layout.ts'
import type { ProcessMemory, Span } from './process-memory.ts'
import { findMaps, findSuspended, type WantedMaps } from './scan-heap.ts'
import { StackBuilder, type Stacks } from './stacks.ts'
import type { Suspended } from './suspended.ts'
import { isYoung, type Limits, pinYoung, type ReadRest } from './young-space.ts'

/** Stacks of suspended functions, without the lines of their frames. */
export interface RawStacks {
  /** Addresses of the heaps, one an isolate. */
  readonly heaps: readonly number[]
  readonly functions: readonly RawFunction[]
  readonly stacks: Stacks
}

export interface RawCensus extends RawStacks {
  /** What the reading has learnt, for a closer look. */
  readonly maps: WantedMaps
  readonly names: FunctionNames
  readonly found: Suspended
  /** All suspended functions, awaited by another one or not. */
  readonly suspended: number
}

export interface RawCensusOptions {
  readonly readRest?: ReadRest | undefined
  readonly isAborted?: (() => boolean) | undefined
}

export function takeRawCensus(
  memory: ProcessMemory,
  spans: readonly Span[],
  layout: Layout,
  { readRest, isAborted = () => false }: RawCensusOptions = {},
): RawCensus {
  for (let attempt = 1; ; attempt++) {
    const { census, hasMoved } = takeOnce(memory, spans, layout, isAborted, readRest)
    if (!hasMoved || attempt === maxAttempts) return census
  }
}

/** V8 compacts its old space at most every few seconds. */
const maxAttempts = 3

function takeOnce(
  memory: ProcessMemory,
  spans: readonly Span[],
  layout: Layout,
  isAborted: () => boolean,
  readRest: ReadRest | undefined,
): { readonly census: RawCensus; readonly hasMoved: boolean } {
  memory.unpin()
  const heap = new Heap(memory, layout)
  const found = findIn(memory, heap, spans, layout, isAborted, readRest)
  const { suspended, heaps } = found
  markCopies(memory, suspended)
  const graph = new AwaitGraph(heap, layout, suspended)
  const names = new FunctionNames(heap)
  const functionOf = (index: number) => names.idOf(suspended.function[index] ?? 0)
  const keyOf = (index: number) => {
    const { url = '', start = -1 } = names.functions[functionOf(index)] ?? {}
    return JSON.stringify([url, start, suspended.continuation[index]])
  }
  const stacks = new StackBuilder(suspended, graph, functionOf, keyOf).build(isAborted)
  const { maps } = found
  const counted = { maps, names, found: suspended, suspended: countOf(suspended) }
  const census = { heaps, functions: names.functions, stacks, ...counted }
  // Every Node has async functions of its own: their map was moved, too.
  const hasMaps = heaps.length === 0 || [...maps.values()].includes(0)
  return { census, hasMoved: !hasMaps || hasMoved(memory, found.pages, layout) }
}

/** Whether an old page has gone meanwhile: its objects were moved into others, and may not have been seen. */
function hasMoved(
  memory: ProcessMemory,
  pages: readonly HeapPage[],
  { pageFormat }: Layout,
): boolean {
  return pages.some((page) => {
    const isOld = holdsObjects(page) && !isYoung(page)
    return isOld && readPage(memory, page.address, pageFormat)?.heap !== page.heap
  })
}

interface Found {
  readonly maps: WantedMaps
  readonly pages: readonly HeapPage[]
  readonly heaps: readonly number[]
  readonly suspended: Suspended
}

function findIn(
  memory: ProcessMemory,
  heap: Heap,
  spans: readonly Span[],
  layout: Layout,
  isAborted: () => boolean,
  readRest: ReadRest | undefined,
): Found {
  const before = heapPages(memory, spans, layout.pageFormat)
  const maps = findMaps(memory, heap, before, layout.freeSpace.instanceType, isAborted)
  memory.forget()
  const companions = pagesWithSuspended(memory, before, layout, maps, isAborted)
  const { pages, limits } = pinPages(memory, spans, layout, companions, readRest)
  const heaps = [...new Set(pages.map((page) => page.heap))]
  const isolateOf = (address: number) => heaps.indexOf(address)
  const { unitBytes } = layout.freeSpace
  const suspended = findSuspended(memory, pages, limits, maps, isolateOf, unitBytes, isAborted)
  return { heaps, suspended, pages, maps }
}

/**
 * The pages as they are when the young ones are pinned: the collector may have turned them over before, made
 * more of them, and made old ones of those that were full of what lives on.
 */
function pinPages(
  memory: ProcessMemory,
  spans: readonly Span[],
  layout: Layout,
  companions: readonly HeapPage[],
  readRest: ReadRest | undefined,
): Pick<Found, 'pages'> & { readonly limits: Limits } {
  const youngOf = (pages: readonly HeapPage[]) =>
    pages
      .filter(isYoung)
      .map(({ address }) => address)
      .join()
  for (let attempt = 1; ; attempt++) {
    const pages = heapPages(memory, spans, layout.pageFormat)
    const limits = pinYoung(memory, pages, layout.pageFormat, companions, readRest)
    const isSame = youngOf(pages) === youngOf(heapPages(memory, spans, layout.pageFormat))
    if (isSame || attempt === maxAttempts) return { pages, limits }
    for (const { address } of pages) memory.release(address)
  }
}

/** Old pages whose suspended functions are to be read at one moment; none where these are too many. */
function pagesWithSuspended(
  memory: ProcessMemory,
  pages: readonly HeapPage[],
  layout: Layout,
  maps: WantedMaps,
  isAborted: () => boolean,
): readonly HeapPage[] {
  const old = pages.filter((page) => !isYoung(page))
  if (old.length * pageSizeBytes > maxRoughBytes) return []
  const { unitBytes } = layout.freeSpace
  const rough = findSuspended(memory, old, new Map(), maps, () => 0, unitBytes, isAborted)
  const addresses = new Set<number>()
  for (let index = 0; index < rough.length; index++) {
    const address = rough.address[index] ?? 0
    addresses.add(pageOf(address))
  }
  const found = old.filter(({ address }) => addresses.has(address))
  return found.length * pageSizeBytes <= maxCompanionBytes ? found : []
}

/** 256 MB take 100 ms to look through once more. */
const maxRoughBytes = 256 * 1024 * 1024
/** 16 MB take 5 ms to copy, which is about as long as a busy event loop rests. */
const maxCompanionBytes = 16 * 1024 * 1024

/**
 * An object that was promoted after the young ones were copied was found again among the old ones. The
 * memory that the collector left holds the new address, without the 1 of a pointer, for a while.
 */
function markCopies(memory: ProcessMemory, suspended: Suspended): void {
  // Neighbours come one after the other.
  let bytes: Buffer = Buffer.alloc(0)
  let begin = -1
  for (let index = 0, scanned = suspended.length; index < scanned; index++) {
    const address = suspended.address[index] ?? 0
    if (!memory.isPinned(address)) continue
    const first = address - (address % copiesAtATime)
    if (first !== begin) bytes = memory.bytes(first, copiesAtATime)
    begin = first
    const moved = Number(bytes.readBigUInt64LE(address - first))
    const copy = moved !== 0 && moved % 8 === 0 ? suspended.indexOf(moved) : -1
    if (copy < 0 || copy === index) continue
    suspended.isCopy[copy] = 1
    suspended.alias(moved, index)
  }
}

/** A pinned page has whole ones of it. To read one takes about as long as eight bytes. */
const copiesAtATime = 64 * 1024

function countOf(suspended: Suspended): number {
  let count = 0
  for (let index = 0; index < suspended.length; index++) count += 1 - (suspended.isCopy[index] ?? 0)
  return count
}
