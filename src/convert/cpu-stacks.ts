/** One thread's samples as a tree of stacks: what every format but .cpuprofile is made from. */
import type { CpuProfile } from './cpu-profile.ts'
import type { CpuRecording, ThreadRecording } from './cpu-recording.ts'
import { Frames } from './frame.ts'
import { type HotLoopRepair, repairHotLoops } from './hot-loop.ts'
import { mergeNodes } from './merge-nodes.ts'
import { type OnCpu, onCpu } from './on-cpu.ts'
import { eachSample } from './sample-spans.ts'
import { anyColumn, type FindSources, type SourceLookup, SourceQuestions } from './source-lookup.ts'
import { parseThreadProfile } from './thread-profile.ts'

/** What is shown of a recording: the time of running code, or all time, idle included. */
export type CpuKind = 'cpu' | 'wall'

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
  /** What of it used a processor; undefined where the thread's clock is not known. */
  readonly onCpu?: OnCpu | undefined
  /** What the samples of callers told of functions that V8 did not see. */
  readonly hotLoops?: HotLoopRepair | undefined
  /** Stacks of such functions. */
  readonly repairedStacks?: ReadonlySet<number> | undefined
}

export interface CpuStacks {
  readonly recording: CpuRecording
  /** Of all threads. */
  readonly frames: Frames['all']
  readonly threads: readonly ThreadStacks[]
  /** Undefined where frames are V8's. */
  readonly sources?: SourceLookup | undefined
}

export function cpuStacks(recording: CpuRecording): CpuStacks {
  return stacksOf(recording, recording.threads.map(parseThread))
}

/** With frames as they were written. */
export async function cpuStacksWithSources(
  recording: CpuRecording,
  findSources: FindSources,
): Promise<CpuStacks> {
  const threads = recording.threads.map(parseThread)
  const questions = new SourceQuestions()
  for (const { profile } of threads) addQuestions(questions, profile)
  return stacksOf(recording, threads, await findSources(questions.all()))
}

function stacksOf(
  recording: CpuRecording,
  parsed: readonly HotLoopRepair[],
  sources?: SourceLookup,
): CpuStacks {
  const frames = new Frames(recording.target.workingDirectory, sources)
  const threads = recording.threads.flatMap((thread, index) => {
    const repair = parsed[index]
    return repair ? [threadStacks(thread, repair, recording.samplingIntervalUs, frames)] : []
  })
  return { recording, frames: frames.all, threads, sources }
}

function parseThread(thread: ThreadRecording): HotLoopRepair {
  return repairHotLoops(parseThreadProfile(thread), thread.checks ?? [])
}

/** Where functions start, and the lines that ran. */
function addQuestions(questions: SourceQuestions, profile: CpuProfile): void {
  const { callFrames, frames, nodeCount, tickStarts, tickLines } = profile
  for (const callFrame of callFrames) questions.addFunction(callFrame)
  for (let node = 0; node < nodeCount; node++) {
    const url = callFrames[frames[node] ?? -1]?.url ?? ''
    const end = tickStarts[node + 1] ?? 0
    for (let at = tickStarts[node] ?? 0; at < end; at++) {
      questions.addPosition(url, (tickLines[at] ?? 0) - 1, anyColumn)
    }
  }
}

function threadStacks(
  { pid, thread, cpuTimes }: ThreadRecording,
  hotLoops: HotLoopRepair,
  samplingIntervalUs: number,
  frames: Frames,
): ThreadStacks {
  const { profile, repairedNodes } = hotLoops
  const merged = mergeNodes(profile, frames)
  const selfSamples = new Float64Array(merged.stackCount)
  const selfUs = new Float64Array(merged.stackCount)
  const totals = eachSample(profile, samplingIntervalUs, (node, durationUs) => {
    const stack = merged.stackOf[node] ?? -1
    if (stack < 0) return
    selfUs[stack] = (selfUs[stack] ?? 0) + durationUs
  })
  const frameOf = (stack: number) => frames.all[merged.frames[stack] ?? -1]
  const kinds = {
    isIdle: (stack: number) => frameOf(stack)?.isIdle === true,
    isNative: (stack: number) => frameOf(stack)?.origin === 'native',
  }
  let sampleCount = 0
  for (let node = 0; node < profile.nodeCount; node++) {
    const hits = profile.hitCounts[node] ?? 0
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
    repairedStacks: new Set([...repairedNodes].map((node) => merged.stackOf[node] ?? -1)),
    hotLoops,
    onCpu: cpuTimes && onCpu({ profile, samplingIntervalUs, times: cpuTimes, ...merged, ...kinds }),
  }
}
