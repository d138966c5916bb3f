/**
 * The pages of V8's heaps in a process's memory. They have 256 KB, are aligned to that, and begin with a
 * header (heap/memory-chunk.h) of one of three forms; each has a word by which it can be recognised:
 *
 *   V8 10, 11  size, flags, heap, begin of its objects, end
 *   V8 12      flags, own address, size, heap, begin, end
 *   V8 13, 14  flags, pointer to the metadata: class, page's address, size, ..., end (+56), heap, begin
 *
 * The heap belongs to one isolate: this tells threads apart. The flags tell what the scavenger
 * emptied ("from") and what it fills ("to").
 */
import type { PageFormat } from './layout.ts'
import type { ProcessMemory, Span } from './process-memory.ts'

export const pageSizeBytes = 256 * 1024

export interface HeapPage {
  readonly address: number
  readonly sizeBytes: number
  /** Address of the heap, one per isolate. */
  readonly heap: number
  readonly flags: number
  /** Where its first object begins. */
  readonly begin: number
  /** Where the page's place in the list of its space is kept: the header or the metadata. */
  readonly links: number
}

/** Of heap/memory-chunk.h (MainThreadFlags), the same in V8 10 to 14. */
export const fromSpace = 1 << 3
export const toSpace = 1 << 4
export const largePage = 1 << 5

/**
 * Whether it holds what is looked for. A large page has one object, which is none of that; a page that
 * V8 has filled while it started is cut to what is used of it.
 */
export function holdsObjects({ flags, sizeBytes }: HeapPage): boolean {
  return (flags & largePage) === 0 && sizeBytes <= pageSizeBytes
}

/** Of the page that begins at `address`; 0 where nothing is mapped. */
export function pageFlags(memory: ProcessMemory, address: number, format: PageFormat): number {
  return memory.bytes(address + (format === 'sized-header' ? 8 : 0), 4).readUInt32LE()
}

/** Where the page begins that holds `address`. */
export function pageOf(address: number): number {
  return address - (address % pageSizeBytes)
}

/** All pages of mutable heaps. Shared read-only pages belong to no isolate and hold nothing we count. */
export function heapPages(
  memory: ProcessMemory,
  spans: readonly Span[],
  format: PageFormat,
): readonly HeapPage[] {
  const pages: HeapPage[] = []
  for (const { start, end } of spans) {
    const first = Math.ceil(start / pageSizeBytes) * pageSizeBytes
    for (let address = first; address < end; address += pageSizeBytes) {
      const page = readPage(memory, address, format)
      if (page === undefined || page.heap === memory.readersHeap) continue
      pages.push(page)
    }
  }
  return pages
}

export function readPage(
  memory: ProcessMemory,
  address: number,
  format: PageFormat,
): HeapPage | undefined {
  // Read by itself: a block of the cache for every page would be a quarter of the heap.
  const header = new Header(memory, address, headerBytes)
  const parts =
    format === 'metadata' ? withMetadata(memory, header) : withoutMetadata(header, format)
  if (parts === undefined) return undefined
  const { sizeBytes, heap, begin, end } = parts
  // The first object lies behind the header, which has 16 bytes to 8 KB.
  if (begin <= address || begin > address + maxHeaderBytes) return undefined
  if (heap === 0 || heap % 8 !== 0) return undefined
  if (end <= begin || end > address + sizeBytes) return undefined
  const { flags, links } = parts
  if (!isPageSize(sizeBytes, flags)) return undefined
  return { address, sizeBytes, heap, flags, begin, links }
}

type Parts = Omit<HeapPage, 'address'> & { readonly end: number }

/** Any memory may look like a header by chance, but rarely with the size that a page can have. */
function isPageSize(sizeBytes: number, flags: number): boolean {
  if (sizeBytes % osPageBytes !== 0) return false
  return sizeBytes <= pageSizeBytes || ((flags & largePage) !== 0 && sizeBytes <= maxPageBytes)
}

const headerBytes = 80
const maxHeaderBytes = 8192
/** V8 reserves and trims its pages by the system's. */
const osPageBytes = 4096
/** A large page holds one object, which V8 limits far below this. */
const maxPageBytes = 2 ** 40

function withoutMetadata(header: Header, format: PageFormat): Parts | undefined {
  const { address } = header
  if (format === 'self-header') {
    if (header.word(8) !== address) return undefined
    const [sizeBytes, heap] = [header.word(16), header.word(24)]
    const [begin, end] = [header.word(32), header.word(40)]
    return { flags: header.uint32(0), sizeBytes, heap, begin, end, links: address }
  }
  const [sizeBytes, heap] = [header.word(0), header.word(16)]
  const [begin, end] = [header.word(24), header.word(32)]
  return { flags: header.uint32(8), sizeBytes, heap, begin, end, links: address }
}

function withMetadata(memory: ProcessMemory, header: Header): Parts | undefined {
  const links = header.word(8)
  if (links % 8 !== 0 || links < 4096) return undefined
  const metadata = new Header(memory, links, headerBytes)
  if (metadata.word(8) !== header.address) return undefined
  const [sizeBytes, heap] = [metadata.word(16), metadata.word(64)]
  const [end, begin] = [metadata.word(56), metadata.word(72)]
  return { flags: header.uint32(0), sizeBytes, heap, begin, end, links }
}

class Header {
  readonly address: number
  readonly #bytes: Buffer

  constructor(memory: ProcessMemory, address: number, sizeBytes: number) {
    this.address = address
    this.#bytes = memory.bytes(address, sizeBytes)
  }

  uint32(offset: number): number {
    return this.#bytes.readUInt32LE(offset)
  }

  word(offset: number): number {
    return this.uint32(offset) + this.uint32(offset + 4) * 0x1_0000_0000
  }
}
