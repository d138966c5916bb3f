/** Recordings on their way to another thread: V8's texts go as buffers that are moved, not copied there. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ThreadRecording } from '../../convert/cpu-recording.ts'
import type { HeapReading, HeapRecording } from '../../convert/heap-recording.ts'
import type { ConversionJob, CpuJob, HeapJob } from './conversion-job.ts'

/** `move`: a text that has a buffer for itself is taken away, and cannot be read here afterwards. */
export type Handover = 'move' | 'copy'

/** So much is copied in a millisecond or two; others come first then. */
const sliceBytes = 4 * 1024 * 1024

interface HandedJob {
  readonly job: ConversionJob
  readonly buffers: readonly ArrayBuffer[]
}

/** What a buffer may hold beside the text: the rest of the message that it came in. */
const maxMoreBytes = 4096

export function handOver(job: ConversionJob, handover: Handover): Promise<HandedJob> {
  return job.kind === 'heap' ? handOverHeap(job) : handOverCpu(job, handover)
}

/** Readings are those of other requests, too, so they are copied. */
async function handOverHeap(job: HeapJob): Promise<HandedJob> {
  const buffers: ArrayBuffer[] = []
  const copied = async <R extends Partial<HeapReading>>(reading: R): Promise<R> => {
    if (reading.profileJson === undefined) return reading
    const profileJson = await copyOf(reading.profileJson)
    buffers.push(profileJson.buffer)
    return { ...reading, profileJson }
  }
  const threads: HeapRecording['threads'][number][] = []
  for (const thread of job.recording.threads) {
    const baseline = thread.baseline && (await copied(thread.baseline))
    threads.push({ ...(await copied(thread)), baseline })
  }
  return { job: { ...job, recording: { ...job.recording, threads } }, buffers }
}

async function handOverCpu(job: CpuJob, handover: Handover): Promise<HandedJob> {
  const buffers = new Set<ArrayBuffer>()
  const threads: ThreadRecording[] = []
  const taken = async (text: Uint8Array, mayMove: boolean) => {
    const { buffer, byteLength } = text
    const isAlone = buffer instanceof ArrayBuffer && buffer.byteLength - byteLength <= maxMoreBytes
    const canMove = mayMove && isAlone && byteLength > sliceBytes
    const handed = canMove ? text : await copyOf(text)
    if (handed.buffer instanceof ArrayBuffer) buffers.add(handed.buffer)
    return handed
  }
  for (const thread of job.recording.threads) {
    // Windows may be those of other requests, too.
    const isOwn = handover === 'move' && thread.laterWindows === undefined
    const profileJson = await taken(thread.profileJson, isOwn)
    if (thread.laterWindows === undefined) threads.push({ ...thread, profileJson })
    else {
      const laterWindows: Uint8Array[] = []
      for (const window of thread.laterWindows) laterWindows.push(await taken(window, false))
      threads.push({ ...thread, profileJson, laterWindows })
    }
  }
  return { job: withThreads(job, threads), buffers: [...buffers] }
}

function withThreads(job: CpuJob, threads: readonly ThreadRecording[]): CpuJob {
  if (job.kind === 'block' || job.kind === 'mutex') {
    return { ...job, recording: { ...job.recording, threads } }
  }
  return { ...job, recording: { ...job.recording, threads } }
}

async function copyOf(text: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const copy = new Uint8Array(text.byteLength)
  for (let start = 0; start < text.byteLength; start += sliceBytes) {
    if (start > 0) await nextTurn()
    copy.set(text.subarray(start, start + sliceBytes), start)
  }
  return copy
}
