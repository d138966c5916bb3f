/**
 * Reads `debug=2` texts, ours and Go's own, line by line from a stream that may hold anything else
 * too, such as a log. What is no part of a dump is handed back; of a broken goroutine the error is
 * told, and the rest of the text is still read. The grammar is gostackparse's:
 * https://github.com/DataDog/gostackparse/blob/main/gostackparse.go
 */
import { cleanText } from '../convert/clean-text.ts'
import type { Entry, GoroutineRecording } from './entry.ts'
import { type BlockDraft, entryOf, readCall, readHeader, readLabels } from './goroutine-block.ts'
import { readCreatedBy, readFile, readFunction } from './goroutine-lines.ts'
import { labelsPrefix, recordingPrefix } from './goroutine-text.ts'
import { readRecordingLine, unknownRecording } from './recording-line.ts'

export interface ParsedGoroutines {
  /** One for each dump of the text; partial where `errors` says so. */
  readonly recordings: readonly GoroutineRecording[]
  /** Such as `line 7: invalid function call: "..."`. */
  readonly errors: readonly string[]
}

/** Longer lines are no part of a dump: Go's readers stop at 64 KiB too. */
const maxLineLength = 64 * 1024

/** Go before 1.21 said "additional"; newer Go counts the frames. */
const elidedPattern = /^\.\.\.(?:additional|\d+) frames elided\.\.\.$/

/** Of the text in an error message. */
const maxQuoted = 120

export class GoroutineParser {
  readonly #onJunk: (line: string) => void
  readonly #recordings: GoroutineRecording[] = []
  readonly #errors: string[] = []
  #header: GoroutineRecording | undefined
  #entries: Entry[] = []
  #labels: Readonly<Record<string, string>> = {}
  #draft: BlockDraft | undefined
  #rest = ''
  #isTooLong = false
  #lineNumber = 0

  /** `onJunk` gets every line that is no part of a dump. */
  constructor({ onJunk = () => {} }: { readonly onJunk?: (line: string) => void } = {}) {
    this.#onJunk = onJunk
  }

  push(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#line(line.replace(/\r$/, ''))
    if (this.#rest.length <= maxLineLength) return
    this.#isTooLong = true
    this.#rest = ''
  }

  end(): ParsedGoroutines {
    if (this.#rest !== '' || this.#isTooLong) this.#line(this.#rest)
    this.#finishBlock('')
    this.#finishDump()
    return { recordings: this.#recordings, errors: this.#errors }
  }

  #line(line: string): void {
    this.#lineNumber++
    const isTooLong = this.#isTooLong || line.length > maxLineLength
    this.#isTooLong = false
    if (isTooLong && this.#draft) this.#fail('a line of more than 64 KiB', line)
    else if (isTooLong) this.#junk(line)
    else if (!this.#draft) this.#outside(line)
    else if (this.#draft.expects === 'file') this.#file(this.#draft, line)
    else this.#inside(this.#draft, line)
  }

  #outside(line: string): void {
    const isOurs = this.#header !== undefined || this.#entries.length > 0
    if (line.trim() === '') return
    if (line.startsWith('goroutine ')) this.#beginBlock(line)
    else if (line.startsWith(recordingPrefix)) this.#beginDump(line)
    else if (line.startsWith(labelsPrefix))
      this.#labels = readLabels(line.slice(labelsPrefix.length))
    else if (!isOurs || !line.startsWith('# ')) this.#junk(line)
  }

  #junk(line: string): void {
    this.#finishDump()
    this.#onJunk(line)
  }

  #beginDump(line: string): void {
    this.#finishDump()
    this.#header = readRecordingLine(line.slice(recordingPrefix.length))
    if (!this.#header) this.#fail('unreadable recording', line)
  }

  #beginBlock(line: string): void {
    const header = readHeader(line)
    const labels = this.#labels
    this.#labels = {}
    if (!header) this.#fail('invalid goroutine header', line)
    else this.#draft = { ...header, labels, stack: [], elided: false, expects: 'function' }
  }

  #inside(draft: BlockDraft, line: string): void {
    const createdBy = /^created by ([^ ]+)/.exec(line)?.[1]
    const name = readCall(line)
    if (line === '') this.#finishBlock(line)
    else if (elidedPattern.test(line)) draft.elided = true
    else if (createdBy !== undefined && draft.stack.length > 0) {
      draft.createdBy = { function: readCreatedBy(createdBy), url: '', line: 0, column: 0 }
      draft.expects = 'file'
    } else if (name !== undefined) {
      draft.stack.push({ ...readFunction(name), url: '', line: 0, column: 0 })
      draft.expects = 'file'
    } else this.#fail('invalid function call', line)
  }

  #file(draft: BlockDraft, line: string): void {
    const position = readFile(line)
    draft.expects = 'function'
    if (!position) this.#fail('invalid file:line', line)
    else if (draft.createdBy) draft.createdBy = { ...draft.createdBy, ...position }
    else draft.stack.push({ ...(draft.stack.pop() ?? { function: '' }), ...position })
  }

  #finishBlock(line: string): void {
    const draft = this.#draft
    this.#draft = undefined
    if (!draft) return
    if (draft.expects === 'file') this.#fail('invalid file:line', line)
    else if (draft.stack.length === 0) this.#fail('invalid function call', line)
    else this.#entries.push(entryOf(draft))
  }

  #finishDump(): void {
    if (this.#header || this.#entries.length > 0) {
      this.#recordings.push({ ...(this.#header ?? unknownRecording), entries: this.#entries })
    }
    this.#header = undefined
    this.#entries = []
  }

  #fail(problem: string, line: string): void {
    this.#draft = undefined
    const quoted = JSON.stringify(cleanText(line.slice(0, maxQuoted)))
    this.#errors.push(`line ${this.#lineNumber}: ${problem}: ${quoted}`)
  }
}

/** The whole text at once. */
export function parseGoroutines(text: string): ParsedGoroutines {
  const parser = new GoroutineParser()
  parser.push(text)
  return parser.end()
}
