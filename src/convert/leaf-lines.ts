/** Which lines of a function ran: V8's position ticks, by which a stack's own time is divided. */
import type { ThreadStacks } from './cpu-stacks.ts'
import { anyColumn, type SourceLookup } from './source-lookup.ts'

export class LeafLines {
  /** What the stack was divided into last; three columns of one length, of which `count` are in use. */
  readonly lines: number[] = []
  readonly samples: number[] = []
  readonly us: number[] = []
  count = 0
  readonly #thread: ThreadStacks
  readonly #sources: SourceLookup | undefined
  /** The nodes of each stack, as chains: V8 may have several for one stack. */
  readonly #firstNode: Int32Array
  readonly #nextNode: Int32Array

  constructor(thread: ThreadStacks, sources?: SourceLookup) {
    this.#thread = thread
    this.#sources = sources
    this.#firstNode = new Int32Array(thread.stackCount).fill(-1)
    this.#nextNode = new Int32Array(thread.profile.nodeCount).fill(-1)
    for (let node = 0; node < thread.profile.nodeCount; node++) {
      const stack = thread.stackOf[node] ?? -1
      if (stack < 0) continue
      this.#nextNode[node] = this.#firstNode[stack] ?? -1
      this.#firstNode[stack] = node
    }
  }

  /** Divides the stack's own samples and time by line, 0 where V8 knows none; they add up to what it has, exactly. */
  divide(stack: number): void {
    const samples = this.#thread.selfSamples[stack] ?? 0
    const us = this.#thread.selfUs[stack] ?? 0
    this.#readTicks(stack)
    const counts = this.samples
    let total = 0
    for (let at = 0; at < this.count; at++) total += counts[at] ?? 0
    if (total < samples || this.count === 0) {
      this.#add(0, samples - total || 1)
      total = samples
    }
    let upTo = 0
    let samplesGiven = 0
    let usGiven = 0
    // Each line gets the difference of two rounded running totals, so nothing is lost by rounding.
    for (let at = 0; at < this.count; at++) {
      upTo += counts[at] ?? 0
      const isLast = upTo >= total
      const ownSamples = (isLast ? samples : Math.round((samples * upTo) / total)) - samplesGiven
      const ownUs = (isLast ? us : Math.round((us * upTo) / total)) - usGiven
      samplesGiven += ownSamples
      usGiven += ownUs
      counts[at] = ownSamples
      this.us[at] = ownUs
    }
  }

  /** How many ticks hit each line, of all nodes of the stack, in place of samples. */
  #readTicks(stack: number): void {
    this.count = 0
    const first = this.#firstNode[stack] ?? -1
    for (let node = first; node >= 0; node = this.#nextNode[node] ?? -1) this.#addNode(node)
    // Several lines of the script may be one that was written.
    if (this.#sources || (this.#nextNode[first] ?? -1) >= 0) this.#mergeLines()
  }

  #addNode(node: number): void {
    const { tickStarts, tickLines, tickCounts } = this.#thread.profile
    const end = tickStarts[node + 1] ?? 0
    for (let at = tickStarts[node] ?? 0; at < end; at++) {
      const count = tickCounts[at] ?? 0
      if (count === 0) continue
      const line = tickLines[at] ?? 0
      this.#add(this.#sources ? this.#writtenLine(node, line, this.#sources) : line, count)
    }
  }

  #add(line: number, count: number): void {
    this.lines[this.count] = line
    this.samples[this.count++] = count
  }

  #mergeLines(): void {
    const merged = new Map<number, number>()
    for (let at = 0; at < this.count; at++) {
      const line = this.lines[at] ?? 0
      merged.set(line, (merged.get(line) ?? 0) + (this.samples[at] ?? 0))
    }
    this.count = 0
    for (const [line, count] of merged) this.#add(line, count)
  }

  /** As V8 knows no columns, what was written on one line and runs on its function's is unknown. */
  #writtenLine(node: number, line: number, sources: SourceLookup): number {
    const { callFrames, frames } = this.#thread.profile
    const callFrame = callFrames[frames[node] ?? -1]
    if (!callFrame || line === 0) return line
    const { url, lineNumber, columnNumber } = callFrame
    const start = sources.positionFor(url, lineNumber, columnNumber)
    if (!start) return line
    if (line === lineNumber + 1) return 0
    const found = sources.positionFor(url, line - 1, anyColumn)
    return found?.url === start.url ? found.line + 1 : 0
  }
}
