/** Reads V8's call frames, each different one once: a profile repeats them in thousands of nodes. */
import { type JsonScanner, keys } from './json-scanner.ts'
import { TextTable } from './text-table.ts'

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
  /** Their texts, numbered as `all` is. */
  readonly #texts: TextTable

  constructor(scanner: JsonScanner, json: Uint8Array) {
    this.#scanner = scanner
    this.#json = Buffer.from(json.buffer, json.byteOffset, json.byteLength)
    this.#texts = new TextTable(json)
  }

  /** Reads the call frame that comes next and returns its index in `all`. Equal text, equal frame. */
  read(): number {
    const start = this.#scanner.offset
    const known = this.#texts.find(start)
    if (known >= 0) {
      this.#scanner.goTo(start + this.#texts.lengthOf(known))
      return known
    }
    return this.#readNew(start)
  }

  #readNew(start: number): number {
    this.all.push(this.#readPlain() ?? this.#readAny())
    this.#texts.add(start, this.#scanner.offset)
    return this.all.length - 1
  }

  /** As nearly all are: without a brace in its texts, so that it ends at the first one. */
  #readPlain(): CallFrame | undefined {
    const start = this.#scanner.offset
    const end = this.#json.indexOf(closeBrace, start) + 1
    const frame = parsed(this.#json.toString('utf8', start, end))
    if (frame) this.#scanner.goTo(end)
    return frame
  }

  #readAny(): CallFrame {
    const scanner = this.#scanner
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
    return { functionName, url, lineNumber, columnNumber }
  }
}

/** Undefined where it is not what V8 writes. */
function parsed(text: string): CallFrame | undefined {
  try {
    const { functionName, url, lineNumber, columnNumber } = JSON.parse(text)
    const isPlain =
      typeof functionName === 'string' &&
      typeof url === 'string' &&
      typeof lineNumber === 'number' &&
      typeof columnNumber === 'number'
    if (!isPlain) return undefined
    return {
      functionName,
      url,
      lineNumber: position(lineNumber),
      columnNumber: position(columnNumber),
    }
  } catch {
    return undefined
  }
}

function position(value: number): number {
  return Number.isInteger(value) && value >= 0 && value <= maxPosition ? value : -1
}
