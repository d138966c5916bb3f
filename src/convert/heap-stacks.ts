/** A heap recording as stacks with Go's four values: what both of its forms are made from. */
import { Frames } from './frame.ts'
import { type HeapProfile, parseHeapProfile } from './heap-profile.ts'
import type { HeapReading, HeapRecording, HeapThreadRecording } from './heap-recording.ts'
import { mergeNodes } from './merge-nodes.ts'
import { type FindSources, type SourceLookup, SourceQuestions } from './source-lookup.ts'

export interface HeapStacks {
  readonly recording: HeapRecording
  /** Of all threads. */
  readonly frames: Frames['all']
  readonly threads: readonly HeapThreadStacks[]
  /** Undefined where frames are V8's. */
  readonly sources?: SourceLookup | undefined
}

export interface HeapThreadStacks {
  readonly recording: HeapThreadRecording
  readonly samples: readonly HeapSample[]
}

export interface HeapSample {
  /** Indexes of the frames, the leaf first. Made on demand: together they can be far larger than the tree. */
  readonly stack: () => readonly number[]
  /** In the order of Go: allocated objects, allocated bytes, objects and bytes in use. */
  readonly values: HeapValues
  /** Memory outside of the JavaScript heap, which is not sampled. */
  readonly isNative: boolean
}

export type HeapValues = readonly [number, number, number, number]

export function heapStacks(recording: HeapRecording): HeapStacks {
  return stacksOf(recording, recording.threads.map(parseThread))
}

/** With frames as they were written. */
export async function heapStacksWithSources(
  recording: HeapRecording,
  findSources: FindSources,
): Promise<HeapStacks> {
  const trees = recording.threads.map(parseThread)
  const questions = new SourceQuestions()
  for (const { callFrames } of trees) {
    for (const callFrame of callFrames) questions.addFunction(callFrame)
  }
  return stacksOf(recording, trees, await findSources(questions.all()))
}

function stacksOf(
  recording: HeapRecording,
  trees: readonly HeapProfile[],
  sources?: SourceLookup,
): HeapStacks {
  const frames = new Frames(recording.target.workingDirectory, sources)
  const threads = recording.threads.map((thread, index) => {
    const tree = trees[index]
    const sampled = tree ? sampledStacks(tree, thread, frames) : []
    return { recording: thread, samples: [...sampled, ...nativeRows(thread, frames)] }
  })
  return { recording, frames: frames.all, threads, sources }
}

function parseThread({ profileJson, baseline }: HeapThreadRecording): HeapProfile {
  const now = parseHeapProfile(profileJson)
  const before = baseline?.profileJson && parseHeapProfile(baseline.profileJson)
  return before === undefined ? now : difference(now, before)
}

function sampledStacks(
  tree: HeapProfile,
  { counting }: HeapThreadRecording,
  frames: Frames,
): readonly HeapSample[] {
  const { stackCount, parents, frames: stackFrames, stackOf } = mergeNodes(tree, frames)
  const bytes = new Float64Array(stackCount)
  const objects = new Float64Array(stackCount)
  for (const [node, stack] of stackOf.entries()) {
    if (stack < 0) continue
    bytes[stack] = (bytes[stack] ?? 0) + (tree.selfBytes[node] ?? 0)
    objects[stack] = (objects[stack] ?? 0) + (tree.sampledObjects[node] ?? 0)
  }
  const pathFrom = (leaf: number) => {
    const path: number[] = []
    for (let at = leaf; at >= 0; at = parents[at] ?? -1) path.push(stackFrames[at] ?? -1)
    return path
  }
  const samples: HeapSample[] = []
  for (let leaf = 0; leaf < stackCount; leaf++) {
    const count = objects[leaf] ?? 0
    const size = exact(bytes[leaf] ?? 0)
    if (count === 0 && size === 0) continue
    const values: HeapValues = counting === 'live' ? [0, 0, count, size] : [count, size, 0, 0]
    samples.push({ stack: () => pathFrom(leaf), values, isNative: false })
  }
  return samples
}

/** Both trees side by side, the second one with negative values: equal stacks merge later. */
function difference(now: HeapProfile, before: HeapProfile): HeapProfile {
  const join = (of: 'parents' | 'frames' | 'topDown', offset: number) =>
    Int32Array.from([
      ...now[of],
      ...before[of].map((index) => (index < 0 ? index : index + offset)),
    ])
  return {
    nodeCount: now.nodeCount + before.nodeCount,
    parents: join('parents', now.nodeCount),
    topDown: join('topDown', now.nodeCount),
    frames: join('frames', now.callFrames.length),
    callFrames: [...now.callFrames, ...before.callFrames],
    selfBytes: Float64Array.from([...now.selfBytes, ...before.selfBytes.map((size) => -size)]),
    sampledObjects: Int32Array.from([
      ...now.sampledObjects,
      ...before.sampledObjects.map((count) => -count),
    ]),
  }
}

/** Only bytes, in use: how many objects they are nobody knows, nor what there was before. */
function nativeRows(thread: HeapThreadRecording, frames: Frames): readonly HeapSample[] {
  const { native, baseline } = thread
  const before = baseline === undefined ? none : baseline.native
  if (native === undefined || before === undefined) return []
  const row = (functionName: string, size: number): HeapSample => {
    const frame = frames.indexOf({ functionName, url: '', lineNumber: -1, columnNumber: -1 })
    return { stack: () => [frame], values: [0, 0, 0, size], isNative: true }
  }
  return [
    row('(array buffers)', native.arrayBuffersBytes - before.arrayBuffersBytes),
    row('(external)', native.externalBytes - before.externalBytes),
  ].filter(({ values }) => values[3] !== 0)
}

const none: NonNullable<HeapReading['native']> = { externalBytes: 0, arrayBuffersBytes: 0 }

/** Sums of absurd sizes stay within what a number holds exactly. */
function exact(sum: number): number {
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, sum))
}
