/** Two recordings of one process: which buckets grew. */
import { type AggregateOptions, aggregate, type Bucket, sourcesOf } from './aggregate.ts'
import { Calls } from './call.ts'
import type { GoroutineRecording } from './entry.ts'
import type { Similarity } from './similarity.ts'

export type ChangeKind = 'new' | 'grew' | 'shrank' | 'gone' | 'same'

export interface BucketChange {
  readonly change: ChangeKind
  /** Of the second recording; of the first where it is gone. */
  readonly bucket: Bucket
  readonly before: number
  readonly after: number
}

export interface SnapshotDiff {
  readonly before: GoroutineRecording
  readonly after: GoroutineRecording
  readonly similarity: Similarity
  /** In the order of the second recording's buckets, then those that are gone. */
  readonly changes: readonly BucketChange[]
  /** Between the two recordings. */
  readonly durationMs: number
}

export function diffSnapshots(
  before: GoroutineRecording,
  after: GoroutineRecording,
  options: AggregateOptions = {},
): SnapshotDiff {
  const calls = new Calls(sourcesOf(after, options))
  const old = aggregate(before, options, calls)
  const now = aggregate(after, options, calls)
  const oldByKey = new Map(old.buckets.map((bucket) => [bucket.key, bucket]))
  const changes = now.buckets.map((bucket): BucketChange => {
    const count = oldByKey.get(bucket.key)?.count ?? 0
    oldByKey.delete(bucket.key)
    return { change: changeOf(count, bucket.count), bucket, before: count, after: bucket.count }
  })
  for (const bucket of oldByKey.values()) {
    changes.push({ change: 'gone', bucket, before: bucket.count, after: 0 })
  }
  const durationMs = Math.max(0, after.takenAtMs - before.takenAtMs)
  return { before, after, similarity: now.similarity, changes, durationMs }
}

/** What grew, new ones included, by how much it grew. */
export function growth({ changes }: SnapshotDiff): readonly BucketChange[] {
  const grown = changes.filter(({ before, after }) => after > before)
  return grown.sort((a, b) => b.after - b.before - (a.after - a.before))
}

function changeOf(before: number, after: number): ChangeKind {
  if (before === 0) return 'new'
  if (before === after) return 'same'
  return before < after ? 'grew' : 'shrank'
}
