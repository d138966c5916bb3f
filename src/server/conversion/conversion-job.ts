/** What is made of a recording of CPU samples, as plain data that passes between threads. */
import {
  encodeBlock,
  encodeMutex,
  type WatchedRecording,
} from '../../convert/contention-formats.ts'
import { type CpuFormat, encodeCpuProfile } from '../../convert/cpu-formats.ts'
import type { CpuRecording } from '../../convert/cpu-recording.ts'
import type { FindSources } from '../../convert/source-lookup.ts'
import { encodeWallProfile, type WallFormat } from '../../convert/wall-formats.ts'

interface ContentionWish {
  readonly recording: WatchedRecording
  readonly form: 'pprof' | 'text'
  /** Lines to begin the profile's comments with. */
  readonly comments: readonly string[]
}

export type ConversionJob =
  | { readonly kind: 'profile'; readonly recording: CpuRecording; readonly format: CpuFormat }
  | { readonly kind: 'wall'; readonly recording: CpuRecording; readonly format: WallFormat }
  | (ContentionWish & { readonly kind: 'block' })
  | (ContentionWish & { readonly kind: 'mutex'; readonly thresholdMs: number })

export interface Converted {
  /** Gzipped for pprof. */
  readonly bytes: Uint8Array
  readonly contentType: string
  /** Every address with its function's name, for pprof's symbol request. */
  readonly symbols: Iterable<readonly [address: number, name: string]>
}

/** @throws {CaptureError} recording-invalid where the target sent no usable profile. */
export function convert(job: ConversionJob, findSources?: FindSources): Promise<Converted> {
  const { recording } = job
  if (job.kind === 'profile') return encodeCpuProfile(recording, job.format, findSources)
  if (job.kind === 'wall') return encodeWallProfile(recording, job.format, findSources)
  const form = { form: job.form, comments: job.comments, findSources }
  if (job.kind === 'block') return encodeBlock(job.recording, form)
  return encodeMutex(job.recording, job.thresholdMs, form)
}
