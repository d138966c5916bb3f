/** Reads V8's call frames, each different one once: a profile repeats them in thousands of nodes. */
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

const callFrameKeys = keys('functionName', 'scriptId', 'url', 'lineNumber', 'columnNumber')

/** Lines and columns beyond this, or not numbers, count as unknown: 2^31 - 1 is the most V8 can say. */
const maxPosition = 2 ** 31 - 1

const closeBrace = 0x7d

export class CallFrames {
  readonly all: CallFrame[] = []
  readonly #scanner: JsonScanner
  readonly #json: Buffer
  /**
   * From the text of a call frame to its index in `all`. One byte is one character here: such strings
   * V8 makes, hashes (with a seed that the target does not know) and compares in native code.
   */
  readonly #indexes = new Map<string, number>()

  constructor(scanner: JsonScanner, json: Uint8Array) {
    this.#scanner = scanner
    this.#json = Buffer.from(json.buffer, json.byteOffset, json.byteLength)
  }

  /** Reads the call frame that comes next and returns its index in `all`. Equal text, equal frame. */
  read(): number {
    // It holds no other object as a rule, and few names and URLs have a brace: then this is its end.
    const start = this.#scanner.offset
    const end = this.#json.indexOf(closeBrace, start) + 1
    const known = this.#indexes.get(this.#json.toString('latin1', start, end))
    if (known === undefined) return this.#readNew()
    this.#scanner.goTo(end)
    return known
  }

  /** Only what was read as a whole is known by its text, so what is known ends where it ends. */
  #readNew(): number {
    const start = this.#scanner.skip()
    const end = this.#scanner.offset
    const text = this.#json.toString('latin1', start, end)
    const known = this.#indexes.get(text)
    if (known !== undefined) return known
    const index = this.all.length
    this.all.push(this.#parse(start, end))
    this.#indexes.set(text, index)
    return index
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
