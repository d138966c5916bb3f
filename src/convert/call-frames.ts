/** Reads V8's call frames, each different one once: a profile repeats them in thousands of nodes. */
import { randomInt } from 'node:crypto'
import { type JsonScanner, keys } from './json-scanner.ts'

/** https://chromedevtools.github.io/devtools-protocol/tot/Runtime/#type-CallFrame */
export interface CallFrame {
  /** Empty for an anonymous function. */
  readonly functionName: string
  /** Empty for what is not JavaScript and for evaluated code. */
  readonly url: string
  /** 0-based; -1 for what has no source. */
  readonly lineNumber: number
  readonly columnNumber: number
}

const callFrameKeys = keys('functionName', 'url', 'lineNumber', 'columnNumber')

/** Lines and columns beyond this, or not numbers, count as unknown: 2^31 - 1 is the most V8 can say. */
const maxPosition = 2 ** 31 - 1

/** Unknown to the target, so that it cannot choose text whose hashes collide. */
const hashSeed = randomInt(2 ** 32)

export class CallFrames {
  readonly all: CallFrame[] = []
  readonly #scanner: JsonScanner
  readonly #json: Uint8Array
  /** Start and end of the text of each call frame in `all`. */
  readonly #spans: { readonly start: number; readonly end: number; readonly next: number }[] = []
  /** From the hash of a call frame's text to the newest call frame that has it; `next` is the one before. */
  readonly #newest = new Map<number, number>()

  constructor(scanner: JsonScanner, json: Uint8Array) {
    this.#scanner = scanner
    this.#json = json
  }

  /** Reads the call frame that comes next and returns its index in `all`. Equal text, equal frame. */
  read(): number {
    const start = this.#scanner.skip()
    const end = this.#scanner.offset
    const hash = this.#hash(start, end)
    const newest = this.#newest.get(hash) ?? -1
    for (let index = newest; index >= 0; index = this.#spans[index]?.next ?? -1) {
      if (this.#isSame(index, start, end)) return index
    }
    const index = this.all.length
    this.#newest.set(hash, index)
    this.#spans.push({ start, end, next: newest })
    this.all.push(this.#parse(start, end))
    return index
  }

  /** FNV-1a, 32 bits, with a seed of ours: http://www.isthe.com/chongo/tech/comp/fnv/ */
  #hash(start: number, end: number): number {
    let hash = hashSeed
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ (this.#json[at] ?? 0), 0x01000193)
    return hash
  }

  #isSame(index: number, start: number, end: number): boolean {
    const span = this.#spans[index]
    if (!span || span.end - span.start !== end - start) return false
    for (let offset = end - start - 1; offset >= 0; offset--) {
      if (this.#json[span.start + offset] !== this.#json[start + offset]) return false
    }
    return true
  }

  #parse(start: number, end: number): CallFrame {
    const scanner = this.#scanner.at(start)
    let functionName = ''
    let url = ''
    let lineNumber = -1
    let columnNumber = -1
    scanner.openObject()
    while (scanner.nextMember(callFrameKeys)) {
      const key = scanner.key(callFrameKeys)
      if (key === 'functionName') functionName = scanner.string()
      else if (key === 'url') url = scanner.string()
      else if (key === 'lineNumber') lineNumber = position(scanner.number())
      else if (key === 'columnNumber') columnNumber = position(scanner.number())
      else scanner.skip()
    }
    if (scanner.offset !== end) throw scanner.fail('a callFrame is malformed')
    return { functionName, url, lineNumber, columnNumber }
  }
}

function position(value: number): number {
  return Number.isInteger(value) && value >= 0 && value <= maxPosition ? value : -1
}
