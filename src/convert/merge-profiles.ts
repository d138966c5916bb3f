/**
 * The windows of one thread as one profile: captures/profile-windows.ts begins each window before it ends
 * the one before, so the first samples of one may be the last of the other.
 */
import type { CallFrame } from './call-frames.ts'
import type { CpuProfile } from './cpu-profile.ts'
import { IntList } from './int-list.ts'
import { PairTable } from './pair-table.ts'
import { isOfTheStart } from './sample-spans.ts'

/** The code by which windows begin and end (captures/profile-windows.ts): no work of the target's. */
export const windowScript = 'pprofd:window'

/** `windows`: at least one, in order of time. Times are of V8's clock, and remain so. */
export function mergeProfiles(windows: readonly CpuProfile[]): CpuProfile {
  const merge = new Merge(windows)
  for (const window of windows) merge.add(window)
  return merge.result()
}

class Merge {
  readonly #table: PairTable
  readonly #callFrames: CallFrame[] = []
  readonly #frameIndexes = new Map<string, number>()
  readonly #hits: Int32Array
  /** By node: how many ticks hit each line. */
  readonly #ticks: (Map<number, number> | undefined)[] = []
  readonly #samples = new IntList()
  readonly #deltasUs = new IntList()
  #startTimeUs = -1
  #endTimeUs = 0
  #lastSampleUs = -1

  constructor(windows: readonly CpuProfile[]) {
    const capacity = windows.reduce((sum, { nodeCount }) => sum + nodeCount, 0)
    this.#hits = new Int32Array(capacity)
    this.#table = new PairTable(capacity)
  }

  add(window: CpuProfile): void {
    const isFirst = this.#startTimeUs < 0
    if (isFirst) {
      this.#startTimeUs = window.startTimeUs
      this.#lastSampleUs = window.startTimeUs
    }
    const nodeOf = this.#addNodes(window)
    const lost = this.#addSamples(window, nodeOf, isFirst)
    this.#addHits(window, nodeOf, lost)
    this.#endTimeUs = Math.max(this.#endTimeUs, window.endTimeUs)
  }

  result(): CpuProfile {
    const nodeCount = this.#table.size
    const tickStarts = new IntList()
    const tickLines = new IntList()
    const tickCounts = new IntList()
    for (let node = 0; node < nodeCount; node++) {
      tickStarts.push(tickLines.length)
      for (const [line, ticks] of this.#ticks[node] ?? []) {
        tickLines.push(line)
        tickCounts.push(ticks)
      }
    }
    tickStarts.push(tickLines.length)
    return {
      nodeCount,
      parents: this.#table.firsts.slice(0, nodeCount),
      // A pair is numbered after its parent.
      topDown: Int32Array.from({ length: nodeCount }, (_, node) => node),
      frames: this.#table.seconds.slice(0, nodeCount),
      callFrames: this.#callFrames,
      hitCounts: this.#hits.slice(0, nodeCount),
      tickStarts: tickStarts.items(),
      tickLines: tickLines.items(),
      tickCounts: tickCounts.items(),
      samples: this.#samples.items(),
      timeDeltasUs: this.#deltasUs.items(),
      startTimeUs: this.#startTimeUs,
      endTimeUs: this.#endTimeUs,
    }
  }

  /** The merged node of each of the window's; what our own code interrupted stands for that code. */
  #addNodes({ nodeCount, topDown, parents, frames, callFrames }: CpuProfile): Int32Array {
    const isOurs = callFrames.map(({ url }) => url === windowScript)
    const frameOf = callFrames.map((frame, at) => (isOurs[at] ? -1 : this.#frameIndex(frame)))
    const nodeOf = new Int32Array(nodeCount).fill(-1)
    const areOurs = new Uint8Array(nodeCount)
    for (const node of topDown) {
      const above = parents[node] ?? -1
      const frame = frames[node] ?? -1
      const parent = above < 0 ? -1 : (nodeOf[above] ?? -1)
      if (areOurs[above] === 1 || isOurs[frame]) {
        areOurs[node] = 1
        nodeOf[node] = parent
      } else {
        nodeOf[node] = this.#table.indexOf(parent, frameOf[frame] ?? -1)
      }
    }
    return nodeOf
  }

  /** Returns how many of the window's nodes' samples were dropped, as they are in the window before. */
  #addSamples(window: CpuProfile, nodeOf: Int32Array, isFirst: boolean): Map<number, number> {
    const { samples, timeDeltasUs, startTimeUs } = window
    const dropped = new Map<number, number>()
    const startsWithNoTick = isOfTheStart(window)
    let clockUs = startTimeUs
    for (let index = 0; index < samples.length; index++) {
      clockUs += timeDeltasUs[index] ?? 0
      const node = samples[index] ?? -1
      if (!isFirst && index === 0 && startsWithNoTick) continue
      if (!isFirst && clockUs <= this.#endTimeUs && clockUs <= this.#lastSampleUs) {
        dropped.set(node, (dropped.get(node) ?? 0) + 1)
        continue
      }
      const merged = nodeOf[node] ?? -1
      // Our code in an idle event loop: what was before goes on.
      if (merged < 0 || this.#table.firsts[merged] === -1) continue
      this.#samples.push(merged)
      this.#deltasUs.push(clockUs - this.#lastSampleUs)
      this.#lastSampleUs = clockUs
    }
    return dropped
  }

  #addHits(window: CpuProfile, nodeOf: Int32Array, dropped: Map<number, number>): void {
    const { nodeCount, hitCounts, tickStarts, tickLines, tickCounts } = window
    for (let node = 0; node < nodeCount; node++) {
      const merged = nodeOf[node] ?? -1
      if (merged < 0) continue
      let lost = Math.min(dropped.get(node) ?? 0, hitCounts[node] ?? 0)
      this.#hits[merged] = (this.#hits[merged] ?? 0) + (hitCounts[node] ?? 0) - lost
      for (let at = tickStarts[node] ?? 0; at < (tickStarts[node + 1] ?? 0); at++) {
        const count = tickCounts[at] ?? 0
        const taken = Math.min(lost, count)
        lost -= taken
        this.#addTicks(merged, tickLines[at] ?? 0, count - taken)
      }
    }
  }

  #addTicks(node: number, line: number, count: number): void {
    if (count === 0) return
    const lines = this.#ticks[node] ?? new Map<number, number>()
    this.#ticks[node] = lines.set(line, (lines.get(line) ?? 0) + count)
  }

  #frameIndex(callFrame: CallFrame): number {
    const { functionName, url, lineNumber, columnNumber } = callFrame
    const key = JSON.stringify([functionName, url, lineNumber, columnNumber])
    const known = this.#frameIndexes.get(key)
    if (known !== undefined) return known
    const index = this.#callFrames.push(callFrame) - 1
    this.#frameIndexes.set(key, index)
    return index
  }
}
