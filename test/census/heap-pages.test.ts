import t from 'tap'
import { heapPages, largePage } from '../../src/census/heap-pages.ts'
import type { PageFormat } from '../../src/census/layout.ts'
import { ProcessMemory } from '../../src/census/process-memory.ts'

const address = 0x7f00_0004_0000
const KB = 1024

/** What the words of the header say; each case changes one of them. */
const header = {
  flags: 0,
  size: 256 * KB,
  heap: 0x5555_0000,
  begin: address + 4 * KB,
  end: address + 256 * KB,
}

const cases: readonly [string, Partial<typeof header>, boolean][] = [
  ['a page', {}, true],
  ['one that was trimmed', { size: 64 * KB, end: address + 64 * KB }, true],
  ['a large one', { flags: largePage, size: 1024 * KB, end: address + 1024 * KB }, true],
  ['a size that is no multiple of 4 KB', { size: 245_221_171_258 }, false],
  ['a size that only a large page has', { size: 1024 * KB }, false],
  ['a size that no object has', { flags: largePage, size: 2 ** 41 }, false],
  ['objects that begin elsewhere', { begin: address - 8 }, false],
  ['objects that begin far behind the header', { begin: address + 9 * KB }, false],
  ['objects that end behind the page', { end: address + 260 * KB }, false],
  ['no heap', { heap: 0 }, false],
  ['a heap that is no address', { heap: 0x5555_0001 }, false],
]

t.test('a page is told by a header that makes sense', async (t) => {
  for (const format of ['sized-header', 'self-header', 'metadata'] as const) {
    for (const [what, changes, isPage] of cases) {
      const memory = memoryWith(format, { ...header, ...changes })
      const pages = heapPages(memory, [{ start: address, end: address + 256 * KB }], format)
      t.equal(pages.length, isPage ? 1 : 0, `${format}: ${what}`)
    }
  }
})

function memoryWith(format: PageFormat, { flags, size, heap, begin, end }: typeof header) {
  const metadata = address + 128 * KB
  const words = new Map<number, number>()
  const put = (start: number, values: readonly number[]) => {
    for (const [index, value] of values.entries()) words.set(start + 8 * index, value)
  }
  if (format === 'sized-header') put(address, [size, flags, heap, begin, end])
  if (format === 'self-header') put(address, [flags, address, size, heap, begin, end])
  if (format === 'metadata') {
    put(address, [flags, metadata])
    put(metadata, [0, address, size, 0, 0, 0, 0, end, heap, begin])
  }
  return new ProcessMemory({
    read(target, at) {
      target.fill(0)
      for (const [place, value] of words) {
        if (place >= at && place + 8 <= at + target.length) {
          target.writeBigUInt64LE(BigInt(value), place - at)
        }
      }
      return target.length
    },
    syscallOf: () => '',
    close() {},
  })
}
