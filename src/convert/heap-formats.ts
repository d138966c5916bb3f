/** The two forms of a heap profile. */
import { gzipProfile } from '../pprof/gzip-profile.ts'
import { type HeapProfileName, heapPprof } from './heap-pprof.ts'
import type { HeapRecording } from './heap-recording.ts'
import { heapStacks, heapStacksWithSources } from './heap-stacks.ts'
import { heapText } from './heap-text.ts'
import type { FindSources } from './source-lookup.ts'

export type HeapForm = 'pprof' | 'text'

export interface EncodedHeapProfile {
  /** Gzipped for pprof. */
  readonly bytes: Uint8Array
  readonly contentType: string
  /** Every address with its function's name, for pprof's symbol request. */
  readonly symbols: readonly (readonly [address: number, name: string])[]
}

/** `findSources` as in cpu-formats.ts. Throws CaptureError `recording-invalid` where the target sent no usable profile. */
export async function encodeHeapProfile(
  recording: HeapRecording,
  name: HeapProfileName,
  form: HeapForm,
  findSources?: FindSources,
): Promise<EncodedHeapProfile> {
  const stacks = findSources
    ? await heapStacksWithSources(recording, findSources)
    : heapStacks(recording)
  if (form === 'text') {
    const { text, symbols } = heapText(stacks)
    return { bytes: Buffer.from(text), contentType: 'text/plain; charset=utf-8', symbols }
  }
  const { bytes, symbols } = heapPprof(stacks, name)
  return { bytes: await gzipProfile(bytes), contentType: 'application/octet-stream', symbols }
}
