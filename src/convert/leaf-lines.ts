/** Which lines of a function ran: V8's position ticks, by which a stack's own time is divided. */
import type { ThreadStacks } from './cpu-stacks.ts'

export interface LineShare {
  /** 1-based; 0 for the part of which V8 knows no line. */
  readonly line: number
  readonly samples: number
  readonly us: number
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
    if (ticks.size === 0) return [{ line: 0, samples, us }]

    const counted = [...ticks.values()].reduce((total, count) => total + count, 0)
    const total = Math.max(counted, samples)
    if (counted < total) ticks.set(0, (ticks.get(0) ?? 0) + total - counted)
    const shares: LineShare[] = []
    let upTo = 0
    let samplesGiven = 0
    let usGiven = 0
    // Each line gets the difference of two rounded running totals, so nothing is lost by rounding.
    for (const [line, count] of ticks) {
      upTo += count
      const share = {
        line,
        samples: Math.round((samples * upTo) / total) - samplesGiven,
        us: Math.round((us * upTo) / total) - usGiven,
      }
      samplesGiven += share.samples
      usGiven += share.us
      if (share.samples > 0 || share.us > 0) shares.push(share)
    }
    return shares
  }

  #ticksOf(stack: number): Map<number, number> {
    const { tickStarts, tickLines, tickCounts } = this.#thread.profile
    const ticks = new Map<number, number>()
    let node = this.#firstNode[stack] ?? -1
    while (node >= 0) {
      const end = tickStarts[node + 1] ?? 0
      for (let at = tickStarts[node] ?? 0; at < end; at++) {
        const line = tickLines[at] ?? 0
        const count = tickCounts[at] ?? 0
        if (count > 0) ticks.set(line, (ticks.get(line) ?? 0) + count)
      }
      node = this.#nextNode[node] ?? -1
    }
    return ticks
  }
}
