/**
 * Numbers JSON objects by their text, without making strings of it: V8 repeats a call frame in every
 * node of its function, and strings of all of them are most of what would have to be collected.
 */
import { randomInt } from 'node:crypto'
import { doubled } from '../pprof/doubled.ts'

const closeBrace = 0x7d

/** Unknown to the target. The multiplier is odd, so that no byte is lost. */
const seed = randomInt(2 ** 32) | 0
const multiplier = (randomInt(2 ** 31) * 2 + 1) | 0

/**
 * Chance needs a handful. Whoever makes texts of one hash nevertheless does not make us slow: beyond
 * this, a text counts as not known.
 */
const maxProbes = 32

export class TextTable {
  readonly #text: Uint8Array
  /** By number. */
  #hashes = new Int32Array(256)
  #starts = new Int32Array(256)
  #lengths = new Int32Array(256)
  #size = 0
  /** At most half full; a slot has its text's number + 1. */
  #slots = new Int32Array(1024)

  constructor(text: Uint8Array) {
    this.#text = text
  }

  /** The number of the known object that starts there; -1 where it is a new one. */
  find(start: number): number {
    const hash = hashOf(this.#text, start)
    const slots = this.#slots
    const mask = slots.length - 1
    for (let probe = 0; probe < maxProbes; probe++) {
      const index = (slots[(hash + probe) & mask] ?? 0) - 1
      if (index < 0) return -1
      if (this.#hashes[index] === hash && this.#isAt(index, start)) return index
    }
    return -1
  }

  /** Of the object of that number, in bytes. */
  lengthOf(index: number): number {
    return this.#lengths[index] ?? 0
  }

  /** Numbers are given one after another. */
  add(start: number, end: number): void {
    const index = this.#size++
    if (index === this.#hashes.length) this.#grow()
    this.#hashes[index] = hashOf(this.#text, start)
    this.#starts[index] = start
    this.#lengths[index] = end - start
    this.#place(index)
  }

  /** An object's text is no beginning of another's, so what begins with it is it. */
  #isAt(index: number, start: number): boolean {
    const text = this.#text
    const known = this.#starts[index] ?? 0
    const length = this.#lengths[index] ?? 0
    for (let at = 0; at < length; at++) {
      if (text[known + at] !== text[start + at]) return false
    }
    return true
  }

  #grow(): void {
    this.#hashes = doubled(this.#hashes)
    this.#starts = doubled(this.#starts)
    this.#lengths = doubled(this.#lengths)
    this.#slots = new Int32Array(this.#slots.length * 2)
    for (let index = 0; index < this.#size - 1; index++) this.#place(index)
  }

  #place(index: number): void {
    const slots = this.#slots
    const mask = slots.length - 1
    const hash = this.#hashes[index] ?? 0
    for (let probe = 0; probe < maxProbes; probe++) {
      const slot = (hash + probe) & mask
      if (slots[slot] !== 0) continue
      slots[slot] = index + 1
      return
    }
  }
}

/** Of the text up to its first brace: most objects end there, and who compares sees the rest. */
function hashOf(text: Uint8Array, start: number): number {
  let hash = seed
  for (let at = start; at < text.length; at++) {
    const byte = text[at] ?? 0
    if (byte === closeBrace) break
    hash = Math.imul(hash ^ byte, multiplier)
  }
  // The low bits choose the slot, and have seen least of the text.
  hash ^= hash >>> 15
  return hash
}
