/** Numbers pairs of integers in order of appearance: a hash table in a fifth of a Map's memory. */
import { randomInt } from 'node:crypto'

/** Unknown to the target, so that it cannot choose pairs whose hashes collide. */
const seed = randomInt(2 ** 32) | 0

export class PairTable {
  /** The pairs by their numbers; both are longer than `size`. */
  firsts: Int32Array
  seconds: Int32Array
  size = 0
  #slots: Int32Array

  /** It grows beyond `capacity`. */
  constructor(capacity: number) {
    this.firsts = new Int32Array(capacity)
    this.seconds = new Int32Array(capacity)
    this.#slots = emptySlots(capacity)
  }

  /** The number of that pair; it is new where `size` was that number before. */
  indexOf(first: number, second: number): number {
    const slots = this.#slots
    const mask = slots.length - 1
    let slot = hashOf(first, second) & mask
    for (;;) {
      const index = (slots[slot] ?? 0) - 1
      if (index < 0) break
      if (this.firsts[index] === first && this.seconds[index] === second) return index
      slot = (slot + 1) & mask
    }
    const index = this.size++
    if (index >= this.firsts.length) this.#grow()
    else slots[slot] = index + 1
    this.firsts[index] = first
    this.seconds[index] = second
    if (this.#slots !== slots) this.#place(index)
    return index
  }

  #grow(): void {
    const capacity = this.firsts.length * 2 + 16
    this.firsts = grown(this.firsts, capacity)
    this.seconds = grown(this.seconds, capacity)
    this.#slots = emptySlots(capacity)
    for (let index = 0; index < this.size - 1; index++) this.#place(index)
  }

  #place(index: number): void {
    const mask = this.#slots.length - 1
    let slot = hashOf(this.firsts[index] ?? 0, this.seconds[index] ?? 0) & mask
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
    this.#slots[slot] = index + 1
  }
}

function hashOf(first: number, second: number): number {
  let hash = Math.imul(first ^ seed, 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35) + second
  hash = Math.imul(hash ^ (hash >>> 16), 0x2c1b3c6d)
  return hash ^ (hash >>> 14)
}

/** At most half full, so that probing ends soon; a slot has its pair's number + 1. */
function emptySlots(capacity: number): Int32Array {
  return new Int32Array(2 ** Math.ceil(Math.log2(capacity * 2 + 2)))
}

function grown(items: Int32Array, capacity: number): Int32Array {
  const copy = new Int32Array(capacity)
  copy.set(items)
  return copy
}
