/** What the landing page can record: the one table of its buttons. */
import { typicalAnalysisMs } from '../snapshot-analyses.ts'
import { recordContentionForPage } from './record-contention.ts'
import { recordCpuForPage, recordWallForPage } from './record-cpu.ts'
import { recordGoroutineForPage } from './record-goroutine.ts'
import { recordHeapForPage } from './record-heap.ts'
import { recordRetainedForPage } from './record-retained.ts'
import { recordTraceForPage } from './record-trace.ts'
import type { Record } from './recorded.ts'

export interface PageKind {
  /** As in URLs below /debug/pprof/. */
  readonly kind: string
  /** As in the log and in /captures. */
  readonly logName: string
  /** Of the permission, as in the configuration. */
  readonly permission: string
  readonly label: string
  /** What it tells, in some words. */
  readonly tells: string
  /** Used where nobody says; 0: it has no duration. */
  readonly seconds: number
  /** What it takes, for the progress bar and whoever is told to come back; of those without a duration. */
  readonly typicalMs: number
  readonly record: Record
}

/** A snapshot of a usual target. */
const typicalSnapshotMs = 1000

export const pageKinds: readonly PageKind[] = [
  kind('profile', 'CPU', 10, recordCpuForPage, 'what runs on the processor', { logName: 'cpu' }),
  kind('wall', 'Wall', 10, recordWallForPage, 'where time goes, waiting included'),
  kind('heap', 'Heap', 10, recordHeapForPage('heap'), 'what allocates memory that stays'),
  kind('goroutine', 'Goroutines', 0, recordGoroutineForPage, 'what all work waits for right now'),
  kind('trace', 'Trace', 2, recordTraceForPage, 'what happens when, thread by thread'),
  kind('retained', 'Retained', 0, recordRetainedForPage, 'who holds the memory; stops the target', {
    typicalMs: typicalAnalysisMs,
  }),
  kind('allocs', 'Allocs', 10, recordHeapForPage('allocs'), 'what allocates, garbage included', {
    permission: 'heap',
  }),
  kind('block', 'Block', 5, recordContentionForPage('block'), 'what blocks a thread'),
  kind('mutex', 'Mutex', 5, recordContentionForPage('mutex'), 'what holds up the event loop'),
]

export function pageKind(name: string): PageKind | undefined {
  return pageKinds.find(({ kind }) => kind === name)
}

function kind(
  name: string,
  label: string,
  seconds: number,
  record: Record,
  tells: string,
  others: Partial<PageKind> = {},
): PageKind {
  const typicalMs = seconds === 0 ? typicalSnapshotMs : seconds * 1000
  const named = { kind: name, logName: name, permission: name }
  return { ...named, label, tells, seconds, typicalMs, record, ...others }
}
