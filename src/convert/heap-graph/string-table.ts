/** The array of strings: keeps what is wanted as a name and passes over the rest. */
import { type KeptStrings, type WellKnownEdge, wellKnownEdges } from './heap-graph.ts'
import { invalidSnapshot } from './invalid-snapshot.ts'
import {
  backslash,
  closeBracket,
  comma,
  isSpace,
  openBracket,
  quote,
  type Section,
} from './section.ts'
import type { WantedStrings } from './wanted-strings.ts'

/** V8 cuts names at 1,024 characters; escaped as \uXXXX each of them takes 6 bytes. */
const maxTextBytes = 6 * 1024

/** Of all names together: some 500,000 of them. Whatever comes later has no name. */
const maxKeptCharacters = 16 * 1024 * 1024

/** Of one value, and of all together; whatever comes later is unknown. */
const maxValueLength = 500
const maxValueCharacters = 8 * 1024 * 1024

/** How V8 names the edges to a WeakMap's value, from the key and from the table. */
const weakMapEdge =
  /^\d+ \/ part of key \(.*? @\d+\) -> value \(.*? @\d+\) pair in WeakMap \(table @(\d+)\)$/s

export class StringTable implements Section, KeptStrings {
  isDone = false
  readonly #wanted: WantedStrings
  readonly #texts = new Map<number, string>()
  readonly #values = new Map<number, string>()
  readonly #weakMapTables = new Map<number, number>()
  readonly #wellKnown = new Map<string, number>()
  readonly #raw = Buffer.alloc(maxTextBytes)
  #rawBytes = 0
  #keptCharacters = 0
  #valueCharacters = 0
  #index = 0
  #isStarted = false
  #isInString = false
  #isEscaped = false
  #hasEscapes = false
  #isWanted = false

  constructor(wanted: WantedStrings) {
    this.#wanted = wanted
  }

  textOf(index: number): string {
    return this.#texts.get(index) ?? ''
  }

  find(name: string): number {
    for (const [index, text] of this.#texts) if (text === name) return index
    return -1
  }

  valueOf(index: number): string | undefined {
    return this.#values.get(index)
  }

  indexOf(name: WellKnownEdge): number {
    return this.#wellKnown.get(name) ?? -1
  }

  weakMapTableOf(index: number): number | undefined {
    return this.#weakMapTables.get(index)
  }

  read(chunk: Uint8Array, start: number): number {
    let at = start
    if (!this.#isStarted) {
      if (chunk[at] !== openBracket) throw invalidSnapshot('strings is no array')
      this.#isStarted = true
      at++
    }
    while (at < chunk.length && !this.isDone) {
      at = this.#isInString ? this.#readText(chunk, at) : this.#readBetween(chunk, at)
    }
    return at
  }

  #readBetween(chunk: Uint8Array, at: number): number {
    const byte = chunk[at] ?? 0
    if (byte === quote) {
      const { names, internal, values } = this.#wanted
      this.#isInString = true
      const index = this.#index
      this.#isWanted = names.has(index) || internal.has(index) || values.has(index)
      this.#rawBytes = 0
      this.#hasEscapes = false
    } else if (byte === closeBracket) {
      this.isDone = true
    } else if (byte !== comma && !isSpace(byte)) {
      throw invalidSnapshot('strings holds something that is no string')
    }
    return at + 1
  }

  #readText(chunk: Uint8Array, start: number): number {
    let at = start
    let isEscaped = this.#isEscaped
    for (; at < chunk.length; at++) {
      const byte = chunk[at]
      if (isEscaped) isEscaped = false
      else if (byte === quote) break
      else if (byte === backslash) {
        isEscaped = true
        this.#hasEscapes = true
      }
    }
    this.#isEscaped = isEscaped
    if (this.#isWanted) this.#keepRaw(chunk, start, at)
    if (at === chunk.length) return at
    this.#isInString = false
    if (this.#isWanted) this.#keepText()
    this.#index++
    return at + 1
  }

  #keepRaw(chunk: Uint8Array, start: number, end: number): void {
    const part = chunk.subarray(start, Math.min(end, start + maxTextBytes - this.#rawBytes))
    this.#raw.set(part, this.#rawBytes)
    this.#rawBytes += part.length
  }

  #keepText(): void {
    const text = this.#text()
    if (this.#wanted.internal.has(this.#index)) {
      const table = weakMapEdge.exec(text)?.[1]
      if (table !== undefined) this.#weakMapTables.set(this.#index, Number(table))
      if (wellKnownEdges.some((name) => name === text)) this.#wellKnown.set(text, this.#index)
    }
    if (this.#wanted.values.has(this.#index) && this.#valueCharacters < maxValueCharacters) {
      this.#valueCharacters += Math.min(text.length, maxValueLength)
      this.#values.set(this.#index, text.slice(0, maxValueLength))
    }
    if (!this.#wanted.names.has(this.#index) || this.#keptCharacters > maxKeptCharacters) return
    this.#keptCharacters += text.length
    this.#texts.set(this.#index, text)
  }

  #text(): string {
    const raw = this.#raw.toString('utf8', 0, this.#rawBytes)
    if (!this.#hasEscapes) return raw
    try {
      return String(JSON.parse(`"${raw}"`))
    } catch {
      // Cut within an escape, or never valid: no name is worth the whole snapshot.
      return raw.replaceAll('\\', '')
    }
  }
}
