/** The two forms of a block or mutex profile. */
import { gzipProfile } from '../pprof/gzip-profile.ts'
import { blockContentions } from './block-contentions.ts'
import type { Contentions } from './contention.ts'
import { contentionPprof } from './contention-pprof.ts'
import { contentionText } from './contention-text.ts'
import type { CpuRecording } from './cpu-recording.ts'
import { type CpuStacks, cpuStacks, cpuStacksWithSources } from './cpu-stacks.ts'
import { mutexContentions } from './mutex-contentions.ts'
import type { FindSources } from './source-lookup.ts'
import type { WatchedThreads } from './thread-looks.ts'

export type WatchedRecording = CpuRecording & WatchedThreads

export interface ContentionForm {
  readonly form: 'pprof' | 'text'
  /** Lines to begin the comments with. */
  readonly comments?: readonly string[] | undefined
  /** As in cpu-formats.ts. */
  readonly findSources?: FindSources | undefined
}

export interface EncodedContentions {
  /** Gzipped for pprof. */
  readonly bytes: Uint8Array
  readonly contentType: string
  /** Every address with its function's name, for pprof's symbol request. */
  readonly symbols: readonly (readonly [address: number, name: string])[]
}

/** Throws CaptureError `recording-invalid` where the target sent no usable profile. */
export async function encodeMutex(
  recording: WatchedRecording,
  thresholdMs: number,
  form: ContentionForm,
): Promise<EncodedContentions> {
  return encode(mutexContentions(await stacksOf(recording, form), recording, thresholdMs), form)
}

/** As `encodeMutex`. */
export async function encodeBlock(
  recording: WatchedRecording,
  form: ContentionForm,
): Promise<EncodedContentions> {
  return encode(blockContentions(await stacksOf(recording, form), recording), form)
}

function stacksOf(
  recording: CpuRecording,
  { findSources }: ContentionForm,
): CpuStacks | Promise<CpuStacks> {
  return findSources ? cpuStacksWithSources(recording, findSources) : cpuStacks(recording)
}

async function encode(
  found: Contentions,
  { form, comments = [] }: ContentionForm,
): Promise<EncodedContentions> {
  const contentions = { ...found, comments: [...comments, ...found.comments] }
  if (form === 'text') {
    const { text, symbols } = contentionText(contentions)
    return { bytes: Buffer.from(text), contentType: 'text/plain; charset=utf-8', symbols }
  }
  const { bytes, symbols } = contentionPprof(contentions)
  return { bytes: await gzipProfile(bytes), contentType: 'application/octet-stream', symbols }
}
