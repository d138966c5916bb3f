/** Which lines of a function ran: V8's position ticks, by which a stack's own time is divided. */
import type { ThreadStacks } from './cpu-stacks.ts'
import { anyColumn, type SourceLookup } from './source-lookup.ts'

export class LeafLines {
  readonly #thread: ThreadStacks
  readonly #sources: SourceLookup | undefined
  /** The nodes of each stack, as chains: V8 may have several for one stack. */
  readonly #firstNode: Int32Array
  readonly #nextNode: Int32Array
  /** 1-based, 0 where V8 knows none, and how many ticks hit each: of the stack that is being divided. */
  readonly #lines: number[] = []
  readonly #counts: number[] = []

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

  /** Visits the stack's own samples and time, divided; they add up to what the stack has, exactly. */
  each(stack: number, visit: (line: number, samples: number, us: number) => void): void {
    const samples = this.#thread.selfSamples[stack] ?? 0
    const us = this.#thread.selfUs[stack] ?? 0
    this.#readTicks(stack)
    const [lines, counts] = [this.#lines, this.#counts]
    let total = 0
    for (let at = 0; at < counts.length; at++) total += counts[at] ?? 0
    if (total < samples || counts.length === 0) {
      lines.push(0)
      counts.push(samples - total || 1)
      total = samples
    }
    let upTo = 0
    let samplesGiven = 0
    let usGiven = 0
    // Each line gets the difference of two rounded running totals, so nothing is lost by rounding.
    for (let at = 0; at < counts.length; at++) {
      upTo += counts[at] ?? 0
      const isLast = upTo >= total
      const ownSamples = (isLast ? samples : Math.round((samples * upTo) / total)) - samplesGiven
      const ownUs = (isLast ? us : Math.round((us * upTo) / total)) - usGiven
      samplesGiven += ownSamples
      usGiven += ownUs
      if (ownSamples > 0 || ownUs > 0) visit(lines[at] ?? 0, ownSamples, ownUs)
    }
  }

  /** Of all nodes of the stack, into `#lines` and `#counts`. */
  #readTicks(stack: number): void {
    this.#lines.length = 0
    this.#counts.length = 0
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
      this.#lines.push(this.#writtenLine(node, tickLines[at] ?? 0))
      this.#counts.push(count)
    }
  }

  #mergeLines(): void {
    const merged = new Map<number, number>()
    for (const [at, line] of this.#lines.entries()) {
      merged.set(line, (merged.get(line) ?? 0) + (this.#counts[at] ?? 0))
    }
    this.#lines.length = 0
    this.#counts.length = 0
    for (const [line, count] of merged) {
      this.#lines.push(line)
      this.#counts.push(count)
    }
  }

  /** As V8 knows no columns, what was written on one line and runs on its function's is unknown. */
  #writtenLine(node: number, line: number): number {
    const { callFrames, frames } = this.#thread.profile
    const callFrame = callFrames[frames[node] ?? -1]
    if (!this.#sources || !callFrame || line === 0) return line
    const { url, lineNumber, columnNumber } = callFrame
    const start = this.#sources.positionFor(url, lineNumber, columnNumber)
    if (!start) return line
    if (line === lineNumber + 1) return 0
    const found = this.#sources.positionFor(url, line - 1, anyColumn)
    return found?.url === start.url ? found.line + 1 : 0
  }
}
