/**
 * Which part of the young generation holds objects of now. Half of its pages are what the scavenger
 * last emptied, and behind the allocation pointer lie leftovers of two collections ago: both look like
 * objects, point at what is something else by now, and would give stacks that never were.
 */
import {
  fromSpace,
  type HeapPage,
  holdsObjects,
  pageOf,
  pageSizeBytes,
  readPage,
  toSpace,
} from './heap-pages.ts'
import type { PageFormat } from './layout.ts'
import type { ProcessMemory } from './process-memory.ts'

/** Where the valid objects of a page end; 0 for a page that holds none. */
export type Limits = ReadonlyMap<number, number>

/** The heap is a member of the isolate, whose allocation pointers lie some 60 KB before it. */
const searchBeforeBytes = 128 * 1024
const searchAfterBytes = 16 * 1024
/** The header's links lie 232 bytes (V8 10) to 264 bytes (V8 13) into it. */
const searchLinksBytes = 512

/** Says, of the thread that runs a heap's isolate, something that changes whenever it runs; undefined while it runs. */
export type ReadRest = (heap: number) => string | undefined

/**
 * Copies the young objects of every isolate, a few ms each, so that they belong to one moment, and says
 * where they end. A thread that sleeps while it is copied neither runs the program nor collects garbage:
 * such a moment is waited for, and where there is none, the collector must at least not have turned the
 * pages over meanwhile. `companions`: old pages that are to be of the same moment.
 */
export function pinYoung(
  memory: ProcessMemory,
  pages: readonly HeapPage[],
  format: PageFormat,
  companions: readonly HeapPage[] = [],
  readRest: ReadRest = () => '',
): Limits {
  const limits = new Map<number, number>()
  for (const [heap, young] of byHeap(pages.filter(isYoung))) {
    for (const [page, limit] of pinHeap(
      memory,
      heap,
      young,
      format,
      companions.filter((page) => page.heap === heap),
      readRest,
    ))
      limits.set(page, limit)
  }
  return limits
}

function pinHeap(
  memory: ProcessMemory,
  heap: number,
  pages: readonly HeapPage[],
  format: PageFormat,
  companions: readonly HeapPage[],
  readRest: ReadRest,
): Limits {
  const deadline = performance.now() + maxWaitMs
  for (let attempt = 1; ; attempt++) {
    const rest = readRest(heap)
    const isLate = performance.now() > deadline
    if (rest === undefined && !isLate) {
      sleep(pollMs)
      continue
    }
    const now = reread(memory, pages, format)
    const limits = youngLimits(memory, heap, now)
    let pinnedBytes = 0
    for (const page of now) {
      // What an attempt before this one has copied may be of another moment.
      memory.release(page.address)
      if (!isToPage(page) || limits.get(page.address) === 0) continue
      pinnedBytes += page.sizeBytes
      if (pinnedBytes <= maxPinnedBytes) memory.pin(page.address, page.sizeBytes)
    }
    for (const page of companions) memory.pin(page.address, page.sizeBytes)
    const hasRested = rest !== undefined && rest !== '' && readRest(heap) === rest
    if (hasRested || attempt >= maxAttempts) return limits
    const isSame = reread(memory, pages, format).every(({ flags }, i) => flags === now[i]?.flags)
    if (isSame && (isLate || rest === '')) return limits
  }
}

/** A server under full load sleeps rarely, and longer than this nobody wants to wait for it. */
const maxWaitMs = 300
/** An event loop under load sleeps for a few ms at a time. */
const pollMs = 0.2
/** Another process may have our processor just then, again and again. */
const maxAttempts = 1000
/** A young generation larger than this is not copied as a whole, and may then be seen while it moves. */
const maxPinnedBytes = 256 * 1024 * 1024

/** In a worker thread, where nothing else is to be done. */
function sleep(durationMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs)
}

function byHeap(pages: readonly HeapPage[]): ReadonlyMap<number, readonly HeapPage[]> {
  const heaps = new Map<number, HeapPage[]>()
  for (const page of pages) heaps.set(page.heap, [...(heaps.get(page.heap) ?? []), page])
  return heaps
}

export function isYoung({ flags }: HeapPage): boolean {
  return (flags & (toSpace | fromSpace)) !== 0
}

function reread(
  memory: ProcessMemory,
  pages: readonly HeapPage[],
  format: PageFormat,
): readonly HeapPage[] {
  return pages.flatMap(({ address }) => readPage(memory, address, format) ?? [])
}

function youngLimits(memory: ProcessMemory, heap: number, pages: readonly HeapPage[]): Limits {
  const limits = new Map(pages.map(({ address }) => [address, 0]))
  for (const { page, limit } of filledPages(memory, heap, pages)) limits.set(page.address, limit)
  return limits
}

/** A page with young objects of now, and where they end in it. */
export interface FilledPage {
  readonly page: HeapPage
  readonly limit: number
}

/** Of the young pages of a heap, those that were filled since the last collection, the latest first. */
export function filledPages(
  memory: ProcessMemory,
  heap: number,
  pages: readonly HeapPage[],
): readonly FilledPage[] {
  const toPages = pages.filter(isToPage)
  const top = allocationTop(memory, heap, toPages)
  const current = toPages.find(({ address }) => top !== undefined && address === pageOf(top))
  const isCurrent = (page: HeapPage) => page === current
  const ordered = inOrder(memory, toPages)
  const filled = ordered?.slice(0, ordered.findIndex(isCurrent) + 1) ?? toPages
  return (current === undefined ? toPages : filled).toReversed().map((page) => {
    const limit = isCurrent(page) ? top : undefined
    return { page, limit: limit ?? page.address + page.sizeBytes }
  })
}

function isToPage(page: HeapPage): boolean {
  return (page.flags & toSpace) !== 0 && holdsObjects(page)
}

/** The linear allocation area: begin, top and limit in one page of the space that is being filled. */
function allocationTop(
  memory: ProcessMemory,
  heap: number,
  toPages: readonly HeapPage[],
): number | undefined {
  const addresses = new Set(toPages.map(({ address }) => address))
  const words = memory.bytes(heap - searchBeforeBytes, searchBeforeBytes + searchAfterBytes)
  for (let at = 0; at + 24 <= words.length; at += 8) {
    const begin = wordIn(words, at)
    if (begin === 0 || begin % 8 !== 0 || !addresses.has(pageOf(begin))) continue
    const [top, limit] = [wordIn(words, at + 8), wordIn(words, at + 16)]
    const isArea = top >= begin && limit >= top && limit <= pageOf(begin) + pageSizeBytes
    // A full area ends where the next page may begin.
    if (isArea && top % 8 === 0 && limit % 8 === 0) return top === limit ? top - 8 : top
  }
  return undefined
}

/** The pages of a space form a list and are filled in its order. Undefined where the list is not found. */
function inOrder(
  memory: ProcessMemory,
  pages: readonly HeapPage[],
): readonly HeapPage[] | undefined {
  const byLinks = new Map(pages.map((page) => [page.links, page]))
  const headers = pages.map(({ links }) => memory.bytes(links, searchLinksBytes))
  for (let offset = 8; offset < searchLinksBytes && pages.length > 1; offset += 8) {
    const next = headers.map((header) => wordIn(header, offset))
    const followers = new Set(next.filter((links) => byLinks.has(links)))
    const isList =
      followers.size === pages.length - 1 && next.every((n, i) => n !== pages[i]?.links)
    // The links are a pair, next and previous: the first one found is next.
    if (isList) return walk(pages, next, byLinks, followers)
  }
  return undefined
}

function walk(
  pages: readonly HeapPage[],
  next: readonly number[],
  byLinks: ReadonlyMap<number, HeapPage>,
  followers: ReadonlySet<number>,
): readonly HeapPage[] {
  const nextOf = new Map(pages.map((page, index) => [page, byLinks.get(next[index] ?? 0)]))
  const ordered: HeapPage[] = []
  let page = pages.find(({ links }) => !followers.has(links))
  while (page !== undefined && ordered.length < pages.length) {
    ordered.push(page)
    page = nextOf.get(page)
  }
  return ordered
}

function wordIn(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 0x1_0000_0000
}
