/** Recordings on their way to another thread: V8's texts go as buffers that are moved, not copied there. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ThreadRecording } from '../../convert/cpu-recording.ts'
import type { ConversionJob } from './conversion-job.ts'

/** `move`: a text that has a buffer for itself is taken away, and cannot be read here afterwards. */
export type Handover = 'move' | 'copy'

/** So much is copied in a millisecond or two; others come first then. */
const sliceBytes = 4 * 1024 * 1024

/** What a buffer may hold beside the text: the rest of the message that it came in. */
const maxMoreBytes = 4096

export async function handOver(
  job: ConversionJob,
  handover: Handover,
): Promise<{ readonly job: ConversionJob; readonly buffers: readonly ArrayBuffer[] }> {
  const buffers = new Set<ArrayBuffer>()
  const threads: ThreadRecording[] = []
  for (const thread of job.recording.threads) {
    const { buffer, byteLength } = thread.profileJson
    const isAlone = buffer instanceof ArrayBuffer && buffer.byteLength - byteLength <= maxMoreBytes
    const canMove = handover === 'move' && isAlone && byteLength > sliceBytes
    const profileJson = canMove ? thread.profileJson : await copyOf(thread.profileJson)
    if (profileJson.buffer instanceof ArrayBuffer) buffers.add(profileJson.buffer)
    threads.push({ ...thread, profileJson })
  }
  return { job: withThreads(job, threads), buffers: [...buffers] }
}

function withThreads(job: ConversionJob, threads: readonly ThreadRecording[]): ConversionJob {
  if (job.kind === 'block' || job.kind === 'mutex') {
    return { ...job, recording: { ...job.recording, threads } }
  }
  return { ...job, recording: { ...job.recording, threads } }
}

async function copyOf(text: Uint8Array): Promise<Uint8Array> {
  const copy = new Uint8Array(text.byteLength)
  for (let start = 0; start < text.byteLength; start += sliceBytes) {
    if (start > 0) await nextTurn()
    copy.set(text.subarray(start, start + sliceBytes), start)
  }
  return copy
}
