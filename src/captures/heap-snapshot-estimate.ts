/**
 * What a heap snapshot will cost its target, judged by the size of the heap. V8 first builds a graph
 * of all objects in the target's own memory, so it is their number that counts, and nothing tells it
 * beforehand: hence ranges, from few large strings and arrays to nothing but closures.
 *
 * Measured on Node 18 to 26, heaps of 55 to 520 MB, for each byte of heap. Objects of a few fields:
 * 4.6 to 6.8 bytes of the target's memory, 1.1 to 1.5 bytes of JSON and 33 to 114 ms/MB. Closures, and
 * linked objects of an array and a string: 11 to 12.7 bytes, 13.8 where the reader is slow and what is
 * not sent yet waits in the target; 2.2 bytes; 65 to 131 ms/MB. Strings of 20 kB, arrays of numbers:
 * nothing, 0.1 bytes, 4 ms/MB. Node 18 takes far longer for long linked lists: 780 ms/MB at 100 MB.
 */
import { CaptureError } from '../errors.ts'
import type { ProcessMemory } from '../targets/process-memory.ts'

export interface HeapSnapshotEstimate {
  /** Used heap of the thread, with what garbage there is. */
  readonly heapBytes: number
  /** Size of the snapshot's JSON. */
  readonly snapshotBytes: Range
  /** How long the thread stands still. */
  readonly pauseMs: Range
  /** What the target needs in addition; it keeps much of it afterwards. */
  readonly targetBytes: Range
  /** What it may still allocate; undefined where that is not known. */
  readonly headroom: Headroom | undefined
}

export interface Range {
  readonly from: number
  readonly to: number
}

export interface Headroom {
  readonly bytes: number
  /** What ends first. */
  readonly of: 'cgroup' | 'host'
}

/** A fresh Node: 4 MB of heap give 4 MB of JSON in 160 to 220 ms. */
const smallProgram = { snapshotBytes: 4e6, pauseMs: 200, targetBytes: 20e6 } as const

const snapshotPerHeapByte = { from: 0.1, to: 2.5 } as const
const pauseMsPerMb = { from: 4, to: 150 } as const
const oldPauseMsPerMb = { from: 4, to: 800 } as const
const targetPerHeapByte = { from: 0, to: 14 } as const

/** `nodeVersion` undefined: unknown. */
export function estimateHeapSnapshot(
  heapBytes: number,
  memory: ProcessMemory | undefined,
  nodeVersion: string | undefined,
): HeapSnapshotEstimate {
  const isOld = /^v(\d+)/.exec(nodeVersion ?? '')?.[1] === '18'
  const perMb = isOld ? oldPauseMsPerMb : pauseMsPerMb
  const heapMb = heapBytes / 1e6
  return {
    heapBytes,
    snapshotBytes: range(smallProgram.snapshotBytes, heapBytes, snapshotPerHeapByte),
    pauseMs: range(smallProgram.pauseMs, heapMb, perMb),
    targetBytes: range(smallProgram.targetBytes, heapBytes, targetPerHeapByte),
    headroom: headroomOf(memory),
  }
}

/** @throws {CaptureError} capture-too-costly, pause-too-long. */
export function refuseCostly(
  targetId: string,
  { headroom, targetBytes, snapshotBytes, pauseMs }: HeapSnapshotEstimate,
  maxPauseMs: number | undefined,
): void {
  if (headroom !== undefined && targetBytes.to > headroom.bytes) {
    const limit = headroom.of === 'cgroup' ? 'its control group leaves it' : 'the machine has'
    throw new CaptureError(
      'capture-too-costly',
      `a heap snapshot of ${targetId} (${inMb(snapshotBytes)} of JSON) may need ${inMb(targetBytes)} ` +
        `of the target's own memory, and ${limit} ${toMb(headroom.bytes)} MB; ` +
        'force=1 takes it all the same',
    )
  }
  if (maxPauseMs !== undefined && pauseMs.to > maxPauseMs) {
    throw new CaptureError(
      'pause-too-long',
      `a heap snapshot would stop ${targetId} for about ${pauseMs.from} to ${pauseMs.to} ms, ` +
        `and limits.maxPauseMs is ${maxPauseMs}; force=1 takes it all the same`,
    )
  }
}

function range(fixed: number, size: number, { from, to }: Range): Range {
  return { from: Math.round(fixed + size * from), to: Math.round(fixed + size * to) }
}

function headroomOf(memory: ProcessMemory | undefined): Headroom | undefined {
  const cgroup = memory?.cgroup?.headroomBytes
  const host = memory?.host?.availableBytes
  if (cgroup !== undefined && cgroup <= (host ?? cgroup)) return { bytes: cgroup, of: 'cgroup' }
  return host === undefined ? undefined : { bytes: host, of: 'host' }
}

function inMb({ from, to }: Range): string {
  return `${toMb(from)} to ${toMb(to)} MB`
}

function toMb(bytes: number): number {
  return Math.round(bytes / 1e6)
}
