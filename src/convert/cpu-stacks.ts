/** One thread's samples as a tree of stacks: what every format but .cpuprofile is made from. */
import { type CpuProfile, parseCpuProfile } from './cpu-profile.ts'
import type { CpuRecording, ThreadRecording } from './cpu-recording.ts'
import { Frames } from './frame.ts'
import { mergeNodes } from './merge-nodes.ts'
import { eachSample } from './sample-spans.ts'

/** A stack is known by its index; it is its frame on top of its parent's. */
export interface ThreadStacks {
  readonly pid: number
  readonly thread: string
  readonly profile: CpuProfile
  readonly stackCount: number
  /** Index of the stack below; -1 at the bottom, and always smaller than the stack's own. */
  readonly parents: Int32Array
  /** Index of each stack's topmost frame in `CpuStacks.frames`. */
  readonly frames: Int32Array
  /** Index of the stack of each of the profile's nodes; -1 for `(root)`. */
  readonly stackOf: Int32Array
  /** Ticks of the sampler that hit each stack, and the time that its samples stand for. */
  readonly selfSamples: Float64Array
  readonly selfUs: Float64Array
  /** Ticks of the sampler, idle ones included. */
  readonly sampleCount: number
  /** From V8's start to its stop of the recording. */
  readonly durationUs: number
  readonly coveredUs: number
  /** Time that no sample stands for; see sample-spans.ts. */
  readonly gapUs: number
}

export interface CpuStacks {
  readonly recording: CpuRecording
  /** Of all threads. */
  readonly frames: Frames['all']
  readonly threads: readonly ThreadStacks[]
}

export function cpuStacks(recording: CpuRecording): CpuStacks {
  const frames = new Frames(recording.target.workingDirectory)
  const threads = recording.threads.map((thread) =>
    threadStacks(thread, recording.samplingIntervalUs, frames),
  )
  return { recording, frames: frames.all, threads }
}

function threadStacks(
  { pid, thread, profileJson }: ThreadRecording,
  samplingIntervalUs: number,
  frames: Frames,
): ThreadStacks {
  const profile = parseCpuProfile(profileJson)
  const merged = mergeNodes(profile, frames)
  const selfSamples = new Float64Array(merged.stackCount)
  const selfUs = new Float64Array(merged.stackCount)
  const totals = eachSample(profile, samplingIntervalUs, (node, durationUs) => {
    const stack = merged.stackOf[node] ?? -1
    if (stack < 0) return
    selfUs[stack] = (selfUs[stack] ?? 0) + durationUs
  })
  let sampleCount = 0
  for (const [node, hits] of profile.hitCounts.entries()) {
    const stack = merged.stackOf[node] ?? -1
    sampleCount += hits
    if (stack >= 0) selfSamples[stack] = (selfSamples[stack] ?? 0) + hits
  }
  return {
    pid,
    thread,
    profile,
    ...merged,
    selfSamples,
    selfUs,
    sampleCount,
    durationUs: profile.endTimeUs - profile.startTimeUs,
    ...totals,
  }
}
