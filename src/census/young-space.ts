/**
 * Which part of the young generation holds objects of now. Half of its pages are what the scavenger
 * last emptied, and behind the allocation pointer lie leftovers of two collections ago: both look like
 * objects, point at what is something else by now, and would give stacks that never were.
 */
import { fromSpace, type HeapPage, holdsObjects, pageSizeBytes, toSpace } from './heap-pages.ts'
import type { ProcessMemory } from './process-memory.ts'

/** Where the valid objects of a page end; 0 for a page that holds none. */
export type Limits = ReadonlyMap<number, number>

/** The heap is a member of the isolate, whose allocation pointers lie some 60 KB before it. */
const searchBeforeBytes = 128 * 1024
const searchAfterBytes = 16 * 1024
/** The header's links lie 232 bytes (V8 10) to 264 bytes (V8 13) into it. */
const searchLinksBytes = 512

/** Of every page of the young generation; other pages are valid to their end. */
export function youngLimits(memory: ProcessMemory, pages: readonly HeapPage[]): Limits {
  const limits = new Map<number, number>()
  const byHeap = new Map<number, HeapPage[]>()
  for (const page of pages) {
    if (page.flags & fromSpace) limits.set(page.address, 0)
    else if (isToPage(page)) byHeap.set(page.heap, [...(byHeap.get(page.heap) ?? []), page])
  }
  for (const [heap, toPages] of byHeap) {
    const top = allocationTop(memory, heap, toPages)
    for (const page of toPages) limits.set(page.address, page.address + pageSizeBytes)
    if (top === undefined) continue
    for (const page of pagesBehind(memory, toPages, pageOf(top))) limits.set(page.address, 0)
    limits.set(pageOf(top), top)
  }
  return limits
}

export function isToPage(page: HeapPage): boolean {
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
  const wordAt = (at: number) => words.readUInt32LE(at) + words.readUInt32LE(at + 4) * 0x1_0000_0000
  for (let at = 0; at + 24 <= words.length; at += 8) {
    const begin = wordAt(at)
    if (begin === 0 || begin % 8 !== 0 || !addresses.has(pageOf(begin))) continue
    const [top, limit] = [wordAt(at + 8), wordAt(at + 16)]
    const isArea = top >= begin && limit >= top && limit <= pageOf(begin) + pageSizeBytes
    // A full area ends where the next page may begin.
    if (isArea && top % 8 === 0 && limit % 8 === 0) return top === limit ? top - 8 : top
  }
  return undefined
}

/** The pages of a space form a list and are filled in its order. None where the list is not found. */
function pagesBehind(
  memory: ProcessMemory,
  pages: readonly HeapPage[],
  current: number,
): readonly HeapPage[] {
  const byLinks = new Map(pages.map((page) => [page.links, page]))
  for (let offset = 8; offset < searchLinksBytes && pages.length > 1; offset += 8) {
    const next = pages.map(({ links }) => memory.word(links + offset))
    const followers = new Set(next.filter((links) => byLinks.has(links)))
    const isList =
      followers.size === pages.length - 1 && next.every((n, i) => n !== pages[i]?.links)
    // The links are a pair, next and previous: the first one found is next.
    if (isList) return walk(pages, next, byLinks, current)
  }
  return []
}

function walk(
  pages: readonly HeapPage[],
  next: readonly number[],
  byLinks: ReadonlyMap<number, HeapPage>,
  current: number,
): readonly HeapPage[] {
  const nextOf = new Map(pages.map((page, index) => [page, byLinks.get(next[index] ?? 0)]))
  const behind: HeapPage[] = []
  let page = nextOf.get(pages.find(({ address }) => address === current) as HeapPage)
  while (page !== undefined && behind.length < pages.length) {
    behind.push(page)
    page = nextOf.get(page)
  }
  return behind
}

function pageOf(address: number): number {
  return address - (address % pageSizeBytes)
}
