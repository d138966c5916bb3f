/**
 * A reading of a running process that can tell whether it saw one moment. Every word that was used is read
 * once more when all have been read: where all are what they were, all were so between the two readings.
 */
import type { HeapMemory } from './heap.ts'
import { fromSpace, pageFlags, pageOf, toSpace } from './heap-pages.ts'
import type { PageFormat } from './layout.ts'
import type { ProcessMemory } from './process-memory.ts'

/** Objects that point at each other were mostly made one after the other. */
const lineBytes = 512
const lineWords = lineBytes / 4

interface Line {
  readonly words: Uint32Array
  /** 1 for every word that was used: the others may change. */
  readonly used: Uint8Array
}

export class Glance implements HeapMemory {
  readonly #memory: ProcessMemory
  readonly #format: PageFormat
  readonly #lines = new Map<number, Line>()
  /** By address: what the scavenger uses the page for. */
  readonly #spaces = new Map<number, number>()
  readonly #again = new Uint32Array(lineWords)

  constructor(memory: ProcessMemory, format: PageFormat) {
    this.#memory = memory
    this.#format = format
  }

  /** Begins another moment. */
  begin(): void {
    this.#lines.clear()
    this.#spaces.clear()
  }

  /** Whether all that was read since `begin` belonged to one moment, and to no page that was emptied. */
  holds(): boolean {
    for (const [number, { words, used }] of this.#lines) {
      this.#memory.copyTo(this.#again, number * lineBytes)
      for (let at = 0; at < lineWords; at++) {
        if (used[at] === 1 && words[at] !== this.#again[at]) return false
      }
    }
    // Last: what has been moved away since looks as it did.
    for (const [page, space] of this.#spaces) {
      if ((space & fromSpace) !== 0 || this.#spaceOf(page) !== space) return false
    }
    return true
  }

  word(address: number): number {
    return this.uint32(address) + this.uint32(address + 4) * 0x1_0000_0000
  }

  uint32(address: number): number {
    const number = Math.floor(address / lineBytes)
    const { words, used } = this.#lines.get(number) ?? this.#read(number)
    const at = (address % lineBytes) >>> 2
    used[at] = 1
    return words[at] ?? 0
  }

  uint16(address: number): number {
    const word = this.uint32(address - (address % 4))
    return address % 4 === 0 ? word & 0xffff : word >>> 16
  }

  bytes(address: number, length: number): Buffer {
    const buffer = Buffer.alloc(length)
    for (let at = 0; at < length; at++) {
      const word = this.uint32(address + at - ((address + at) % 4))
      buffer[at] = word >>> (8 * ((address + at) % 4))
    }
    return buffer
  }

  #read(number: number): Line {
    const line = { words: new Uint32Array(lineWords), used: new Uint8Array(lineWords) }
    const address = number * lineBytes
    const isMappable = address >= 0 && address < 2 ** 47
    if (isMappable) {
      const page = pageOf(address)
      if (!this.#spaces.has(page)) this.#spaces.set(page, this.#spaceOf(page))
      this.#memory.copyTo(line.words, address)
    }
    this.#lines.set(number, line)
    return line
  }

  #spaceOf(page: number): number {
    return pageFlags(this.#memory, page, this.#format) & (fromSpace | toSpace)
  }
}
