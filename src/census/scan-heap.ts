/** Finds the suspended functions: two streams through the pages of the heaps, one page in memory at a time. */
import type { Heap } from './heap.ts'
import { type HeapPage, holdsObjects, pageSizeBytes } from './heap-pages.ts'
import { type FreeSpace, fields } from './layout.ts'
import type { ProcessMemory } from './process-memory.ts'
import { Suspended, suspendedKinds } from './suspended.ts'
import type { Limits } from './young-space.ts'

/** The maps of what is looked for: tagged address to the index of the kind; free space has its own number. */
export type WantedMaps = ReadonlyMap<number, number>

const freeSpace = suspendedKinds.length
const pageWords = pageSizeBytes / 4

/** Maps lie in old pages; they are told by their instance type and confirmed by their own map. */
export function findMaps(
  memory: ProcessMemory,
  heap: Heap,
  pages: readonly HeapPage[],
  freeSpaceType: number,
  isAborted: () => boolean,
): WantedMaps {
  const { types, offsets } = heap.constants
  const kindOf = new Map([types.asyncFunction, types.asyncGenerator, types.generator].map(toEntry))
  const lowest = Math.min(...kindOf.keys())
  const highest = Math.max(...kindOf.keys())
  const typeWord = offsets.mapInstanceType >>> 2
  const typeShift = (offsets.mapInstanceType % 4) * 8
  const maps = new Map<number, number>()
  const withFreeSpace = new Set<number>()
  const words = new Uint32Array(pageWords)
  for (const page of pages) {
    if (!holdsObjects(page) || isAborted()) continue
    copyPage(memory, words, page)
    const needsFreeSpace = !withFreeSpace.has(page.heap)
    for (let at = (page.begin - page.address) >>> 2; at < pageWords - typeWord; at += 2) {
      const low = words[at] ?? 0
      if ((low & 3) !== 1) continue
      const type = ((words[at + typeWord] ?? 0) >>> typeShift) & 0xffff
      if (type >= lowest && type <= highest) {
        const kind = kindOf.get(type)
        // The type of a map's own map is checked by asking for the type of an object with this map.
        const map = page.address + at * 4
        if (kind !== undefined && heap.typeOf(map) === types.map) maps.set(map + 1, kind)
      } else if (needsFreeSpace && words[at + 2] === 0 && !withFreeSpace.has(page.heap)) {
        if (heap.typeOf(page.address + at * 4) !== freeSpaceType) continue
        maps.set(low + (words[at + 1] ?? 0) * 0x1_0000_0000, freeSpace)
        withFreeSpace.add(page.heap)
      }
    }
  }
  return maps
}

/** Objects with one of the maps that are suspended, except in free memory. */
export function findSuspended(
  memory: ProcessMemory,
  pages: readonly HeapPage[],
  limits: Limits,
  maps: WantedMaps,
  isolateOf: (heapAddress: number) => number,
  freeUnitBytes: number,
  isAborted: () => boolean,
): Suspended {
  const found = new Suspended()
  const words = new Uint32Array(pageWords)
  const filter = filterOf(maps)
  for (const page of pages) {
    const limit = limits.get(page.address) ?? page.address + page.sizeBytes
    if (!holdsObjects(page) || limit === 0 || isAborted()) continue
    copyPage(memory, words, page)
    scanPage(words, page, limit, maps, filter, isolateOf(page.heap), freeUnitBytes, found)
  }
  found.endScan()
  return found
}

function scanPage(
  words: Uint32Array,
  page: HeapPage,
  limit: number,
  maps: WantedMaps,
  filter: Uint8Array,
  isolate: number,
  freeUnitBytes: number,
  found: Suspended,
): void {
  const end = (limit - page.address) >>> 2
  const continuation = fields.generatorContinuation >>> 2
  let freeUntil = 0
  for (let at = (page.begin - page.address) >>> 2; at < end; at += 2) {
    const low = words[at] ?? 0
    if ((low & 3) !== 1 || filter[(low >>> 2) & filterMask] === 0) continue
    const kind = maps.get(low + (words[at + 1] ?? 0) * 0x1_0000_0000)
    if (kind === undefined) continue
    if (kind === freeSpace) {
      // Its second word is its size. What lies in it is what the sweeper found dead.
      const sizeBytes = words[at + 2] === 0 ? (words[at + 3] ?? 0) * freeUnitBytes : 0
      freeUntil = Math.max(freeUntil, at + (sizeBytes >>> 2))
      continue
    }
    if (at < freeUntil || words[at + continuation] !== 0) continue
    const point = (words[at + continuation + 1] ?? 0) | 0
    const fn = at + (fields.generatorFunction >>> 2)
    const tagged = (words[fn] ?? 0) + (words[fn + 1] ?? 0) * 0x1_0000_0000
    if (point < 0 || tagged % 4 !== 1) continue
    found.add(page.address + at * 4, tagged - 1, point, kind, isolate)
  }
}

/**
 * What fills free memory: an object whose second word is its size, and which so often ends where its
 * page ends as nothing else does. Undefined where none stands out.
 */
export function findFreeSpace(
  memory: ProcessMemory,
  heap: Heap,
  pages: readonly HeapPage[],
): FreeSpace | undefined {
  const votes = new Map<string, number>()
  const words = new Uint32Array(pageWords)
  for (const page of pages) {
    if (!holdsObjects(page)) continue
    copyPage(memory, words, page)
    for (let at = (page.begin - page.address) >>> 2; at < pageWords - 4; at += 2) {
      if (((words[at] ?? 0) & 3) !== 1 || words[at + 2] !== 0) continue
      const unitBytes = (page.sizeBytes - at * 4) / (words[at + 3] ?? 0)
      if (unitBytes !== 1 && unitBytes !== 8) continue
      const instanceType = heap.typeOf(page.address + at * 4)
      const key = JSON.stringify({ instanceType, unitBytes } satisfies FreeSpace)
      if (instanceType >= 0) votes.set(key, (votes.get(key) ?? 0) + 1)
    }
  }
  const [first, second] = [...votes].sort(([, a], [, b]) => b - a)
  const isClear = first !== undefined && first[1] >= 4 && first[1] >= 2 * (second?.[1] ?? 0)
  return isClear ? JSON.parse(first[0]) : undefined
}

/** What lies behind a page that was cut is none of it. */
function copyPage(memory: ProcessMemory, words: Uint32Array, { address, sizeBytes }: HeapPage) {
  const wordCount = sizeBytes >>> 2
  memory.copyTo(words.subarray(0, wordCount), address)
  words.fill(0, wordCount)
}

const filterMask = 0xffff

/** Most words are no map that we want: one look into 64 KB tells, instead of one into a hash table. */
function filterOf(maps: WantedMaps): Uint8Array {
  const filter = new Uint8Array(filterMask + 1)
  for (const map of maps.keys()) filter[((map % 0x1_0000_0000) >>> 2) & filterMask] = 1
  return filter
}

function toEntry(type: number, index: number): [number, number] {
  return [type, index]
}
