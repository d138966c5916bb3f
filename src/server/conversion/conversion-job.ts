/** What is made of a recording, as plain data that passes between threads. */
import {
  encodeBlock,
  encodeMutex,
  type WatchedRecording,
} from '../../convert/contention-formats.ts'
import { type CpuFormat, encodeCpuProfile } from '../../convert/cpu-formats.ts'
import type { CpuRecording } from '../../convert/cpu-recording.ts'
import { encodeHeapProfile, type HeapForm } from '../../convert/heap-formats.ts'
import type { HeapProfileName } from '../../convert/heap-pprof.ts'
import type { HeapRecording } from '../../convert/heap-recording.ts'
import type { FindSources } from '../../convert/source-lookup.ts'
import { threadProfileBytes } from '../../convert/thread-profile.ts'
import { encodeWallProfile, type WallFormat } from '../../convert/wall-formats.ts'

interface ContentionWish {
  readonly recording: WatchedRecording
  readonly form: 'pprof' | 'text'
  /** Lines to begin the profile's comments with. */
  readonly comments: readonly string[]
}

export interface HeapJob {
  readonly kind: 'heap'
  readonly recording: HeapRecording
  readonly name: HeapProfileName
  readonly form: HeapForm
}

/** Of samples of what ran. */
export type CpuJob =
  | { readonly kind: 'profile'; readonly recording: CpuRecording; readonly format: CpuFormat }
  | { readonly kind: 'wall'; readonly recording: CpuRecording; readonly format: WallFormat }
  | (ContentionWish & { readonly kind: 'block' })
  | (ContentionWish & { readonly kind: 'mutex'; readonly thresholdMs: number })

export type ConversionJob = CpuJob | HeapJob

export interface Converted {
  /** Gzipped for pprof. */
  readonly bytes: Uint8Array
  readonly contentType: string
  /** Every address with its function's name, for pprof's symbol request. */
  readonly symbols: Iterable<readonly [address: number, name: string]>
}

/** Of V8's texts. */
export function jobBytes(job: ConversionJob): number {
  return job.kind === 'heap'
    ? job.recording.threads.reduce((sum, { profileJson }) => sum + profileJson.byteLength, 0)
    : job.recording.threads.reduce((sum, thread) => sum + threadProfileBytes(thread), 0)
}

/** @throws {CaptureError} recording-invalid where the target sent no usable profile. */
export function convert(job: ConversionJob, findSources?: FindSources): Promise<Converted> {
  if (job.kind === 'profile') return encodeCpuProfile(job.recording, job.format, findSources)
  if (job.kind === 'wall') return encodeWallProfile(job.recording, job.format, findSources)
  if (job.kind === 'heap') {
    return encodeHeapProfile(job.recording, job.name, job.form, findSources)
  }
  const form = { form: job.form, comments: job.comments, findSources }
  if (job.kind === 'block') return encodeBlock(job.recording, form)
  return encodeMutex(job.recording, job.thresholdMs, form)
}
