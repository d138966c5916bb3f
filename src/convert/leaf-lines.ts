/** Which lines of a function ran: V8's position ticks, by which a stack's own time is divided. */
import type { ThreadStacks } from './cpu-stacks.ts'

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
  /** The nodes of each stack, as chains: V8 may have several for one stack. */
  readonly #firstNode: Int32Array
  readonly #nextNode: Int32Array

  constructor(thread: ThreadStacks) {
    this.#thread = thread
    this.#firstNode = new Int32Array(thread.stackCount).fill(-1)
    this.#nextNode = new Int32Array(thread.profile.nodeCount).fill(-1)
    for (const [node, stack] of thread.stackOf.entries()) {
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
    if (other < 0) return ticks
    const counts = new Map(ticks.map(({ line, count }) => [line, count]))
    for (; other >= 0; other = this.#nextNode[other] ?? -1) {
      for (const { line, count } of this.#nodeTicks(other)) {
        counts.set(line, (counts.get(line) ?? 0) + count)
      }
    }
    return Array.from(counts, ([line, count]) => ({ line, count }))
  }

  #nodeTicks(node: number): Tick[] {
    const { tickStarts, tickLines, tickCounts } = this.#thread.profile
    const ticks: Tick[] = []
    const end = tickStarts[node + 1] ?? 0
    for (let at = tickStarts[node] ?? 0; at < end; at++) {
      const count = tickCounts[at] ?? 0
      if (count > 0) ticks.push({ line: tickLines[at] ?? 0, count })
    }
    return ticks
  }
}
