/** Gives samples of a profile to functions that V8 did not see. */
import type { CallFrame } from './call-frames.ts'
import type { CpuProfile } from './cpu-profile.ts'
import type { CheckedFrame } from './cpu-recording.ts'

/** An unbroken stretch of samples, and what ran on top of their node. */
export interface Stretch {
  /** The node that the samples have. */
  readonly node: number
  /** Indexes of its first and last sample. */
  readonly first: number
  readonly last: number
  /** What ran on top of the node, the callee last; empty where the node is what ran. */
  readonly missing: readonly CheckedFrame[]
}

/** Adds nodes to a copy of a profile. */
export class ProfileEditor {
  readonly added = new Set<number>()
  readonly #profile: CpuProfile
  readonly #parents: number[] = []
  readonly #frames: number[] = []
  readonly #callFrames: CallFrame[] = []
  readonly #ticks: { readonly line: number; readonly count: number }[] = []
  readonly #samples: Int32Array
  readonly #hitCounts: Int32Array

  constructor(profile: CpuProfile) {
    this.#profile = profile
    this.#samples = profile.samples.slice()
    this.#hitCounts = profile.hitCounts.slice()
  }

  /** The samples of the stretch become those of the callee. */
  move({ node, first, last, missing }: Stretch): void {
    let moved = 0
    const top = this.#profile.nodeCount + this.#parents.length + missing.length - 1
    for (let at = first; at <= last; at++) {
      if (this.#samples[at] !== node) continue
      this.#samples[at] = top
      moved++
    }
    const ticks = Math.min(moved, this.#hitCounts[node] ?? 0)
    this.#hitCounts[node] = (this.#hitCounts[node] ?? 0) - ticks
    let parent = node
    for (const [index, checked] of missing.entries()) {
      const isTop = index === missing.length - 1
      parent = this.#add(parent, checked, isTop ? ticks : 0)
    }
  }

  result(): CpuProfile {
    const { nodeCount, parents, topDown, frames, callFrames, tickStarts, tickLines, tickCounts } =
      this.#profile
    const count = this.#parents.length
    const ids = Array.from({ length: count }, (_, index) => nodeCount + index)
    const starts = ids.map((_, index) => tickLines.length + index + 1)
    return {
      ...this.#profile,
      nodeCount: nodeCount + count,
      parents: Int32Array.from([...parents, ...this.#parents]),
      topDown: Int32Array.from([...topDown, ...ids]),
      frames: Int32Array.from([...frames, ...this.#frames]),
      callFrames: [...callFrames, ...this.#callFrames],
      hitCounts: Int32Array.from([...this.#hitCounts, ...this.#ticks.map((tick) => tick.count)]),
      tickStarts: Int32Array.from([...tickStarts, ...starts]),
      tickLines: Int32Array.from([...tickLines, ...this.#ticks.map((tick) => tick.line)]),
      tickCounts: Int32Array.from([...tickCounts, ...this.#ticks.map((tick) => tick.count)]),
      samples: this.#samples,
    }
  }

  #add(parent: number, checked: CheckedFrame, ticks: number): number {
    const { callFrames, nodeCount } = this.#profile
    const known = callFrames.findIndex((frame) => isSameFunction(frame, checked))
    const id = nodeCount + this.#parents.length
    this.#parents.push(parent)
    this.#ticks.push({ line: checked.line, count: ticks })
    this.added.add(id)
    if (known >= 0) this.#frames.push(known)
    else {
      this.#frames.push(callFrames.length + this.#callFrames.length)
      const { functionName, url, lineNumber, columnNumber } = checked
      this.#callFrames.push({ functionName, url, lineNumber, columnNumber })
    }
    return id
  }
}

/** V8 counts a function's start from its parameters in profiles, and from its first word in stacks. */
export function isSameFunction(frame: CallFrame, checked: CheckedFrame): boolean {
  return (
    frame.url === checked.url &&
    frame.lineNumber === checked.lineNumber &&
    frame.columnNumber >= checked.columnNumber &&
    lastPart(frame.functionName) === lastPart(checked.functionName)
  )
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}
