/** `format=json&seconds=N`: what changed between two recordings of a process, for programs. */
import type { ChangeKind, SnapshotDiff } from './diff.ts'
import { type GoroutineRecording, totalCount } from './entry.ts'
import { type BucketJson, bucketJson } from './goroutine-json.ts'
import type { Similarity } from './similarity.ts'

export interface DiffJson extends Omit<GoroutineRecording, 'entries'> {
  /** Of the second recording, as everything but `before`: ISO 8601, UTC. */
  readonly takenAt: string
  readonly durationMs: number
  readonly similarity: Similarity
  /** Of all entries. */
  readonly before: number
  readonly after: number
  /** Those of the second recording in panicparse's order, then those that are gone. */
  readonly changes: readonly BucketChangeJson[]
}

export interface BucketChangeJson extends BucketJson {
  readonly change: ChangeKind
  readonly before: number
  readonly after: number
}

export function diffJson({
  before,
  after,
  similarity,
  changes,
  durationMs,
}: SnapshotDiff): DiffJson {
  const { entries, ...rest } = after
  return {
    ...rest,
    takenAt: new Date(after.takenAtMs).toISOString(),
    durationMs,
    similarity,
    before: totalCount(before.entries),
    after: totalCount(entries),
    changes: changes.map(({ bucket, ...change }) => ({ ...bucketJson(bucket), ...change })),
  }
}
