/** The memory of a target: what the kernel says of it and, where it may be asked, what V8 says. */
import { OperationalError } from '../errors.ts'
import type { ProcessMemory } from '../targets/process-memory.ts'
import type { Target } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'
import { type CaptureControl, withAttachment } from './attached.ts'
import type { HeapStatistics } from './heap-recording.ts'
import { estimateHeapSnapshot, type HeapSnapshotEstimate } from './heap-snapshot-estimate.ts'
import { readHeapStatistics } from './heap-statistics.ts'

export interface MemoryReport extends ProcessMemory {
  /** Of the main thread. */
  readonly v8: V8Memory | undefined
  /** Why `v8` is not there. */
  readonly v8Missing: string | undefined
  /** What a heap snapshot of the main thread would cost; undefined where nothing is known to judge by. */
  readonly heapSnapshot: HeapSnapshotEstimate | undefined
}

export interface V8Memory {
  readonly nodeVersion: string
  readonly attachMs: number
  readonly openedInspector: boolean
  /** Round trip of the question. */
  readonly answerMs: number
  readonly statistics: HeapStatistics
}

/**
 * Asks V8 through an attachment, which needs the permission for `heap`. Where that cannot be had, the
 * rest is told all the same, with the reason.
 * @throws {CaptureError} capture-aborted when the signal fired.
 */
export async function captureMemory(
  targets: Targets,
  target: Target,
  control: CaptureControl,
): Promise<MemoryReport> {
  try {
    const v8 = await askV8(targets, target, control)
    return await report(targets, target, v8 ?? 'the target could not say')
  } catch (error) {
    if (control.signal?.aborted || !(error instanceof OperationalError)) throw error
    return await report(targets, target, error.message)
  }
}

/** Without V8's part: the target notices nothing. */
export function outsideMemory(targets: Targets, target: Target): Promise<MemoryReport> {
  return report(targets, target, 'not asked for')
}

function askV8(targets: Targets, target: Target, control: CaptureControl) {
  return withAttachment(
    targets,
    target,
    { ...control, kind: 'heap' },
    async ({ session, nodeVersion, attachMs, openedByUs }): Promise<V8Memory | undefined> => {
      const askedMs = performance.now()
      const statistics = await readHeapStatistics(session, { signal: control.signal })
      const answerMs = performance.now() - askedMs
      return (
        statistics && { nodeVersion, attachMs, openedInspector: openedByUs, answerMs, statistics }
      )
    },
  )
}

async function report(
  targets: Targets,
  target: Target,
  known: V8Memory | string,
): Promise<MemoryReport> {
  const memory = await targets.memory(target)
  const v8 = typeof known === 'string' ? undefined : known
  // From outside: whatever no file backs could be heap.
  const heapBytes =
    v8?.statistics['v8.getHeapStatistics()']?.used_heap_size ?? memory.resident?.anonymousBytes
  return {
    ...memory,
    v8,
    v8Missing: typeof known === 'string' ? known : undefined,
    heapSnapshot:
      heapBytes === undefined
        ? undefined
        : estimateHeapSnapshot(heapBytes, memory, v8?.nodeVersion),
  }
}
