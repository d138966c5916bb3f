/** A heap recording as pprof's profiles `heap` and `allocs`: the same data, another default. */
import { limits } from '../pprof/profile.ts'
import { ProfileBuilder } from '../pprof/profile-builder.ts'
import { cleanText, cutStart } from './clean-text.ts'
import { describeHeap, hasOwnSampler } from './heap-comments.ts'
import type { HeapStacks, HeapThreadStacks } from './heap-stacks.ts'
import { PackageLabels, worksForItsCaller } from './package-labels.ts'
import { PprofLocations } from './pprof-locations.ts'

export type HeapProfileName = 'heap' | 'allocs'

export interface PprofHeapProfile {
  /** Not gzipped yet. */
  readonly bytes: Uint8Array
  /** Every address of the profile with its function's name, for pprof's symbol request. */
  readonly symbols: readonly (readonly [address: number, name: string])[]
}

export function heapPprof(stacks: HeapStacks, name: HeapProfileName): PprofHeapProfile {
  const { recording } = stacks
  const builder = new ProfileBuilder({
    sampleTypes: [
      { type: 'alloc_objects', unit: 'count' },
      { type: 'alloc_space', unit: 'bytes' },
      { type: 'inuse_objects', unit: 'count' },
      { type: 'inuse_space', unit: 'bytes' },
    ],
    defaultSampleType: name === 'allocs' ? 'alloc_space' : 'inuse_space',
    periodType: { type: 'space', unit: 'bytes' },
    // Nobody tells the rate of a sampler that others have started.
    period: hasOwnSampler(recording) ? recording.samplingIntervalBytes : 0,
    timeNanos: BigInt(Math.round(recording.readAtMs)) * 1_000_000n,
    // Readers take a profile with a duration for a delta.
    durationNanos: recording.isDelta
      ? Math.max(1, Math.round((recording.readAtMs - recording.startedAtMs) * 1e6))
      : 0,
    executable: cutStart(cleanText(recording.target.executable), limits.fileNameBytes),
    comments: describeHeap(stacks),
  })
  const locations = new PprofLocations(builder, stacks.frames)
  for (const thread of stacks.threads) addThread(builder, locations, thread, stacks)
  return { bytes: builder.encode(), symbols: locations.symbols }
}

function addThread(
  builder: ProfileBuilder,
  locations: PprofLocations,
  { recording, samples }: HeapThreadStacks,
  { frames }: HeapStacks,
): void {
  const common = {
    thread: cleanText(recording.thread) || 'unnamed',
    pid: String(recording.pid),
  }
  const isForeign = recording.sampler === 'foreign'
  const sampled = new PackageLabels(builder, isForeign ? { ...common, sampler: 'foreign' } : common)
  const native = builder.labels({ ...common, memory: 'external' })
  for (const { stack, values, isNative } of samples) {
    const path = stack()
    const [leaf, ...callers] = path.map((frame) => locations.ofFunction(frame))
    if (leaf === undefined) continue
    const own = path.find((frame) => !worksForItsCaller(frames[frame]))
    const labels = isNative ? native : sampled.of(frames[own ?? -1]?.package)
    builder.addSample(leaf, builder.callers(callers), values, labels)
  }
}
