/**
 * `format=json`: the recording with its buckets, for programs. Documented in
 * docs/endpoints/goroutine.md; fields are only ever added. What is unknown is left out.
 */
import { type AggregateOptions, aggregate, type Bucket } from './aggregate.ts'
import type { Call } from './call.ts'
import type { Entry, GoroutineRecording } from './entry.ts'
import type { Similarity } from './similarity.ts'

export interface GoroutineJson extends Omit<GoroutineRecording, 'entries'> {
  /** ISO 8601, UTC. */
  readonly takenAt: string
  /** Of all entries. */
  readonly count: number
  readonly similarity: Similarity
  /** In panicparse's order. */
  readonly buckets: readonly BucketJson[]
  /** As recorded. */
  readonly entries: readonly Entry[]
}

export interface BucketJson extends Omit<Bucket, 'key' | 'stack' | 'createdBy'> {
  readonly stack: readonly CallJson[]
  readonly createdBy: CallJson | undefined
}

/** A frame with who wrote it. */
export type CallJson = Omit<Call, 'id' | 'placeId' | 'packageInfo'>

export function goroutineJson(
  recording: GoroutineRecording,
  options: AggregateOptions = {},
): GoroutineJson {
  const { buckets, count, similarity } = aggregate(recording, options)
  const { entries, ...rest } = recording
  const takenAt = new Date(recording.takenAtMs).toISOString()
  return { ...rest, takenAt, count, similarity, buckets: buckets.map(bucketJson), entries }
}

export function bucketJson({ key: _, stack, createdBy, ...bucket }: Bucket): BucketJson {
  return { ...bucket, createdBy: createdBy && callJson(createdBy), stack: stack.map(callJson) }
}

function callJson({ id: _, placeId: _place, packageInfo: _package, ...call }: Call): CallJson {
  return call
}
