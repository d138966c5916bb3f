/**
 * Reads another process's memory (/proc/PID/mem, proc_pid_mem(5)) a block at a time, and keeps
 * no more than a bounded number of blocks: the objects that point at each other mostly lie together.
 * A target is not stopped, so two reads may see two moments; who needs one moment pins it first.
 */
import { OperationalError } from '../errors.ts'
import type { MemorySource } from './memory-source.ts'

const blockBytes = 64 * 1024
const pageBytes = 4096
/** 24 MB. With 64 MB the walk over 560 MB of heap reads as much, and takes as long. */
const maxBlocks = 384

export interface Span {
  readonly start: number
  readonly end: number
}

export class ProcessMemory {
  readonly #source: MemorySource
  readonly #blocks = new Map<number, Uint32Array>()
  /** Blocks that were copied for good, so that everything in them belongs to one moment. */
  readonly #pinned = new Map<number, Uint32Array>()
  /** By number of their first block. */
  readonly #copies = new Map<number, Uint32Array>()
  readonly #spare = new Map<number, Uint32Array[]>()
  #lastNumber = -1
  #lastBlock: Uint32Array = new Uint32Array(0)
  /** How much was read so far, in bytes. */
  bytesRead = 0
  /** Address of the heap of a thread that is there only to read: none of its pages is seen. */
  readersHeap = 0

  constructor(source: MemorySource) {
    this.#source = source
  }

  close(): void {
    this.#source.close()
    this.unpin()
    this.#spare.clear()
    this.#lastBlock = new Uint32Array(0)
  }

  /** The 64-bit word; 0 where nothing is mapped. Exact below 2^53: user addresses end at 2^47. */
  word(address: number): number {
    const block = this.#block(address)
    const index = (address % blockBytes) >>> 2
    return (block[index] ?? 0) + (block[index + 1] ?? 0) * 0x1_0000_0000
  }

  uint32(address: number): number {
    return this.#block(address)[(address % blockBytes) >>> 2] ?? 0
  }

  uint16(address: number): number {
    const word = this.uint32(address - (address % 4))
    return address % 4 === 0 ? word & 0xffff : word >>> 16
  }

  /** What the kernel says of the system call that a thread is in; '' where it does not. */
  syscallOf(threadId: number): string {
    return this.#source.syscallOf(threadId)
  }

  bytes(address: number, length: number): Buffer {
    const buffer = Buffer.alloc(length)
    this.#read(buffer, address)
    return buffer
  }

  /** Copies whole blocks into `into`, past the cache except for what is pinned. */
  copyTo(into: Uint32Array, address: number): void {
    const wordsABlock = blockBytes / 4
    const first = Math.floor(address / blockBytes)
    if (!this.#pinned.has(first)) {
      this.#fill(into, address)
      return
    }
    for (let at = 0; at < into.length; at += wordsABlock) {
      const pinned = this.#pinned.get(first + at / wordsABlock)
      // A page that V8 has cut ends in the middle of a block.
      if (pinned !== undefined) into.set(pinned.subarray(0, into.length - at), at)
      else this.#fill(into.subarray(at, at + wordsABlock), address + at * 4)
    }
  }

  /** Copies memory that every later look will see; both numbers are multiples of a block. */
  pin(address: number, sizeBytes: number): void {
    const size = Math.ceil(sizeBytes / blockBytes) * blockBytes
    this.release(address)
    const copy = this.#spare.get(size)?.pop() ?? new Uint32Array(size / 4)
    this.#fill(copy, address)
    const first = Math.floor(address / blockBytes)
    this.#copies.set(first, copy)
    for (let block = 0; block < size / blockBytes; block++) {
      const at = block * (blockBytes / 4)
      this.#pinned.set(first + block, copy.subarray(at, at + blockBytes / 4))
    }
    this.#lastNumber = -1
  }

  /** Undoes `pin` of that address. The copy is used again: to allocate it takes longer than to fill it. */
  release(address: number): void {
    const first = Math.floor(address / blockBytes)
    const copy = this.#copies.get(first)
    if (copy === undefined) return
    this.#copies.delete(first)
    for (let block = 0; block < copy.byteLength / blockBytes; block++) {
      this.#pinned.delete(first + block)
    }
    const spare = this.#spare.get(copy.byteLength) ?? []
    spare.push(copy)
    this.#spare.set(copy.byteLength, spare)
    this.#lastNumber = -1
  }

  unpin(): void {
    for (const first of [...this.#copies.keys()]) this.release(first * blockBytes)
    this.forget()
  }

  isPinned(address: number): boolean {
    return this.#pinned.has(Math.floor(address / blockBytes))
  }

  /** Forgets what was read, except what is pinned. */
  forget(): void {
    this.#blocks.clear()
    this.#lastNumber = -1
  }

  #block(address: number): Uint32Array {
    const number = Math.floor(address / blockBytes)
    if (number === this.#lastNumber) return this.#lastBlock
    let block = this.#pinned.get(number) ?? this.#blocks.get(number)
    if (block === undefined) {
      block = this.#load(number, this.#oldest())
      this.#blocks.set(number, block)
    }
    this.#lastNumber = number
    this.#lastBlock = block
    return block
  }

  #oldest(): Uint32Array | undefined {
    if (this.#blocks.size < maxBlocks) return undefined
    for (const [number, block] of this.#blocks) {
      this.#blocks.delete(number)
      return block
    }
    return undefined
  }

  #load(number: number, reused: Uint32Array | undefined): Uint32Array {
    const block = reused ?? new Uint32Array(blockBytes / 4)
    if (number < 0 || number >= 2 ** 47 / blockBytes) return block.fill(0)
    this.#fill(block, number * blockBytes)
    return block
  }

  #fill(into: Uint32Array, address: number): void {
    const buffer = Buffer.from(into.buffer, into.byteOffset, into.byteLength)
    if (this.#read(buffer, address) === buffer.length) return
    into.fill(0)
    for (let at = 0; at < buffer.length; at += pageBytes) {
      this.#read(buffer.subarray(at, at + pageBytes), address + at)
    }
  }

  /** A page that is not mapped, or no longer, reads as nothing; a process that is gone, too. */
  #read(buffer: Buffer, address: number): number {
    try {
      const count = this.#source.read(buffer, address)
      this.bytesRead += count
      return count
    } catch (error) {
      if (error instanceof OperationalError) throw error
      return 0
    }
  }
}
