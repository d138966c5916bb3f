/** Which lines of a function ran: V8's position ticks, by which a stack's own time is divided. */
import type { ThreadStacks } from './cpu-stacks.ts'
import { anyColumn, type SourceLookup } from './source-lookup.ts'

export interface LineShare {
  /** 1-based; 0 for the part of which V8 knows no line. */
  readonly line: number
  readonly samples: number
  readonly us: number
}

interface Tick {
  readonly line: number
  readonly count: number
}

export class LeafLines {
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

  /** The stack's own samples and time, divided; they add up to what the stack has, exactly. */
  of(stack: number): readonly LineShare[] {
    const samples = this.#thread.selfSamples[stack] ?? 0
    const us = this.#thread.selfUs[stack] ?? 0
    const ticks = this.#ticksOf(stack)
    const counted = ticks.reduce((sum, { count }) => sum + count, 0)
    const total = Math.max(counted, samples)
    if (counted < total || ticks.length === 0) ticks.push({ line: 0, count: total - counted || 1 })
    const shares: LineShare[] = []
    let upTo = 0
    let samplesGiven = 0
    let usGiven = 0
    // Each line gets the difference of two rounded running totals, so nothing is lost by rounding.
    for (const { line, count } of ticks) {
      upTo += count
      const isLast = upTo >= total
      const share = {
        line,
        samples: (isLast ? samples : Math.round((samples * upTo) / total)) - samplesGiven,
        us: (isLast ? us : Math.round((us * upTo) / total)) - usGiven,
      }
      samplesGiven += share.samples
      usGiven += share.us
      if (share.samples > 0 || share.us > 0) shares.push(share)
    }
    return shares
  }

  #ticksOf(stack: number): Tick[] {
    const node = this.#firstNode[stack] ?? -1
    const ticks = this.#nodeTicks(node)
    let other = this.#nextNode[node] ?? -1
    // Several lines of the script may be one that was written.
    if (other < 0 && !this.#sources) return ticks
    const counts = new Map<number, number>()
    const add = ({ line, count }: Tick) => counts.set(line, (counts.get(line) ?? 0) + count)
    ticks.forEach(add)
    for (; other >= 0; other = this.#nextNode[other] ?? -1) this.#nodeTicks(other).forEach(add)
    return Array.from(counts, ([line, count]) => ({ line, count }))
  }

  #nodeTicks(node: number): Tick[] {
    const { tickStarts, tickLines, tickCounts } = this.#thread.profile
    const ticks: Tick[] = []
    const end = tickStarts[node + 1] ?? 0
    for (let at = tickStarts[node] ?? 0; at < end; at++) {
      const count = tickCounts[at] ?? 0
      if (count > 0) ticks.push({ line: this.#writtenLine(node, tickLines[at] ?? 0), count })
    }
    return ticks
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
