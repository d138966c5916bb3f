/** Contentions as pprof's profiles `block` and `mutex`, with Go's sample types. */
import { limits } from '../pprof/profile.ts'
import { type LabelsRef, type LocationRef, ProfileBuilder } from '../pprof/profile-builder.ts'
import { cleanText, cutStart } from './clean-text.ts'
import type { Contention, Contentions } from './contention.ts'
import { describeContentions, framesOfContention } from './contention-words.ts'
import { achievedDurationUs } from './cpu-quality.ts'
import { worksForItsCaller } from './package-labels.ts'
import { PprofLocations } from './pprof-locations.ts'

export interface ContentionPprof {
  /** Not gzipped yet. */
  readonly bytes: Uint8Array
  /** Every address of the profile with its function's name, for pprof's symbol request. */
  readonly symbols: readonly (readonly [address: number, name: string])[]
}

export function contentionPprof(contentions: Contentions): ContentionPprof {
  const { stacks, all } = contentions
  const { recording, frames } = stacks
  const count = { type: 'contentions', unit: 'count' }
  const builder = new ProfileBuilder({
    sampleTypes: [count, { type: 'delay', unit: 'nanoseconds' }],
    defaultSampleType: 'delay',
    periodType: count,
    period: 1,
    // Whole microseconds are exact as numbers, nanoseconds since the epoch are not.
    timeNanos: BigInt(Math.round(recording.startedAtMs * 1000)) * 1000n,
    durationNanos: achievedDurationUs(stacks) * 1000,
    executable: cutStart(cleanText(recording.target.executable), limits.fileNameBytes),
    comments: describeContentions(contentions),
  })
  const locations = new PprofLocations(builder, frames)
  const labels = new Map<string, LabelsRef>()
  for (const contention of all) {
    const [leaf, ...callers] = framesOfContention(contention).map(
      (frame): LocationRef => locations.ofFunction(frame),
    )
    if (!leaf) continue
    const wanted = labelsOf(contention, contentions)
    const key = JSON.stringify(wanted)
    const ref = labels.get(key) ?? builder.labels(wanted)
    labels.set(key, ref)
    builder.addSample(leaf, builder.callers(callers), [contention.count, contention.delayNs], ref)
  }
  return { bytes: builder.encode(), symbols: locations.symbols }
}

/** Readers refuse empty labels. */
function labelsOf(
  contention: Contention,
  { stacks }: Contentions,
): Readonly<Record<string, string>> {
  const { thread, wait } = contention
  const owner = framesOfContention(contention)
    .map((frame) => stacks.frames[frame])
    .find((frame) => !worksForItsCaller(frame))
  return {
    thread: cleanText(thread.thread) || 'unnamed',
    pid: String(thread.pid),
    ...(wait !== undefined && { wait }),
    ...(owner?.package !== undefined && { package: owner.package }),
  }
}
