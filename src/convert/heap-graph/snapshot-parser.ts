/**
 * Reads V8's heap snapshot, a JSON text, as its bytes come: chunks of any size, split anywhere. What
 * it keeps is in flat arrays, some 50 bytes for each object, and what that will need is known from
 * the header, so a snapshot that is too large is refused before it takes memory.
 * The text: HeapSnapshotJSONSerializer in https://chromium.googlesource.com/v8/v8/+/main/src/profiler/heap-snapshot-generator.cc
 */
import { CaptureError } from '../../errors.ts'
import { analysisBytes, type HeapGraph } from './heap-graph.ts'
import { invalidSnapshot } from './invalid-snapshot.ts'
import { NumberRows } from './number-rows.ts'
import {
  AnyValue,
  closeBrace,
  colon,
  comma,
  isSpace,
  openBrace,
  quote,
  type Section,
} from './section.ts'
import { SnapshotColumns } from './snapshot-columns.ts'
import { readLayout } from './snapshot-layout.ts'
import { StringTable } from './string-table.ts'
import { wantedStrings } from './wanted-strings.ts'

/** V8's headers have 1.5 KB, its longest key 21 bytes. */
const maxHeaderBytes = 256 * 1024
const maxKeyBytes = 256

type State = 'start' | 'between members' | 'key' | 'colon' | 'value' | 'section' | 'end'

export class SnapshotParser {
  readonly #maxBytes: number
  readonly #keepsValues: boolean
  #state: State = 'start'
  #key = ''
  #section: Section = new AnyValue()
  #header: AnyValue | undefined
  #columns: SnapshotColumns | undefined
  #strings: StringTable | undefined
  readonly #seen = new Set<string>()

  /**
   * `maxBytes`: memory that reading and analysing may take. `keepsValues`: also keep what the strings
   * of some objects hold, see wanted-strings.ts.
   */
  constructor(maxBytes: number, { keepsValues = false }: { readonly keepsValues?: boolean } = {}) {
    this.#maxBytes = maxBytes
    this.#keepsValues = keepsValues
  }

  /**
   * @throws {CaptureError} recording-invalid for what is no heap snapshot, capture-too-costly for one
   *   whose analysis would need more than `maxBytes`.
   */
  write(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#state !== 'section') {
        at = this.#readStructure(chunk, at)
        continue
      }
      at = this.#section.read(chunk, at)
      if (this.#section.isDone) this.#endSection()
    }
  }

  /** Call it once, when all bytes were written. */
  end(): HeapGraph {
    if (this.#state !== 'end') throw invalidSnapshot('it ends too early')
    const columns = this.#columns
    const strings = this.#strings
    if (!columns || !strings) throw invalidSnapshot('it has no strings')
    return columns.graph(strings)
  }

  /** One byte of what is between the members' values. */
  #readStructure(chunk: Uint8Array, at: number): number {
    const byte = chunk[at] ?? 0
    if (this.#state === 'key') {
      this.#readKey(byte)
      return at + 1
    }
    if (isSpace(byte)) return at + 1
    if (this.#state === 'start') this.#expect(byte === openBrace, 'between members')
    else if (this.#state === 'colon') this.#expect(byte === colon, 'value')
    else if (this.#state === 'end') throw invalidSnapshot('something follows it')
    else if (this.#state === 'value') {
      this.#section = this.#sectionOf(this.#key)
      this.#state = 'section'
      return at
    } else if (byte === closeBrace) this.#state = 'end'
    else if (byte !== comma) {
      this.#key = ''
      this.#expect(byte === quote, 'key')
    }
    return at + 1
  }

  #expect(isRight: boolean, next: State): void {
    if (!isRight) throw invalidSnapshot('it is not the JSON that V8 writes')
    this.#state = next
  }

  #readKey(byte: number): void {
    if (byte === quote) this.#state = 'colon'
    else this.#key += String.fromCharCode(byte)
    if (this.#key.length > maxKeyBytes) throw invalidSnapshot('it is not the JSON that V8 writes')
  }

  #sectionOf(key: string): Section {
    if (this.#seen.has(key)) throw invalidSnapshot(`${key.slice(0, 20)} is there twice`)
    // Keys that mean nothing here are not remembered: there may be any number of them.
    if (['snapshot', 'nodes', 'edges', 'locations', 'strings'].includes(key)) this.#seen.add(key)
    switch (key) {
      case 'snapshot':
        this.#header = new AnyValue(maxHeaderBytes)
        return this.#header
      case 'nodes':
        return new NumberRows(key, this.#layout.nodeFieldCount, this.#afterHeader.addNode)
      case 'edges':
        return new NumberRows(key, this.#layout.edgeFieldCount, this.#afterHeader.addEdge)
      case 'locations':
        return this.#locations()
      case 'strings':
        return this.#stringTable()
      default:
        return new AnyValue()
    }
  }

  #endSection(): void {
    this.#state = 'between members'
    const header = this.#header
    if (!header || this.#columns) return
    const layout = readLayout(header.text)
    refuseTooLarge(layout.nodeCount, layout.edgeCount, this.#maxBytes)
    this.#columns = new SnapshotColumns(layout)
  }

  get #afterHeader(): SnapshotColumns {
    if (!this.#columns) throw invalidSnapshot('its header does not come first')
    return this.#columns
  }

  get #layout() {
    return this.#afterHeader.layout
  }

  #locations(): Section {
    const columns = this.#afterHeader
    const { location } = columns.layout
    if (!location) return new AnyValue()
    const add = (row: Float64Array) => columns.addLocation(row, location)
    return new NumberRows('locations', location.fieldCount, add)
  }

  #stringTable(): StringTable {
    const columns = this.#afterHeader
    columns.checkComplete()
    this.#strings = new StringTable(wantedStrings(columns, this.#keepsValues))
    return this.#strings
  }
}

function refuseTooLarge(nodeCount: number, edgeCount: number, maxBytes: number): void {
  const needed = analysisBytes(nodeCount, edgeCount)
  if (needed <= maxBytes) return
  throw new CaptureError(
    'capture-too-costly',
    `the heap has ${nodeCount} objects and ${edgeCount} references between them: finding out what ` +
      `they retain takes ${megabytes(needed)} of pprofd's memory, and limits.maxRetainedBytes is ${megabytes(maxBytes)}`,
    { tryNext: 'pprofd heapsnapshot, whose file Chrome DevTools opens' },
  )
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`
}
