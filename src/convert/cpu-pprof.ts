/**
 * A CPU recording as pprof's profile `cpu`. `(idle)` is left out, `(program)` and `(garbage
 * collector)` stay. Callers have their function's first line, the leaf the line that was running.
 *
 * Bytes are scanned and protobuf is written straight away because that takes the least memory for what
 * it gives: 3.9 times the JSON at 83 MB, where JSON.parse and an encoder of objects take 6.1 to 6.6
 * times and 1.2 to 4.5 times the CPU time, for a third of the samples (bench/conversion.mjs).
 */

import { limits } from '../pprof/profile.ts'
import { type LabelsRef, type LocationRef, ProfileBuilder } from '../pprof/profile-builder.ts'
import { cleanText, cutStart } from './clean-text.ts'
import { achievedDurationUs, describeQuality } from './cpu-quality.ts'
import type { CpuStacks, ThreadStacks } from './cpu-stacks.ts'
import { LeafLines } from './leaf-lines.ts'
import { PprofLocations } from './pprof-locations.ts'

export interface PprofCpuProfile {
  /** Not gzipped yet. */
  readonly bytes: Uint8Array
  /** Every address of the profile with its function's name, for pprof's symbol request. */
  readonly symbols: readonly (readonly [address: number, name: string])[]
}

export function cpuPprof(stacks: CpuStacks): PprofCpuProfile {
  const { recording } = stacks
  const cpu = { type: 'cpu', unit: 'nanoseconds' }
  const builder = new ProfileBuilder({
    sampleTypes: [{ type: 'samples', unit: 'count' }, cpu],
    defaultSampleType: 'cpu',
    periodType: cpu,
    period: Math.round(recording.samplingIntervalUs * 1000),
    timeNanos: nanosOf(recording.startedAtMs),
    durationNanos: achievedDurationUs(stacks) * 1000,
    executable: cutStart(cleanText(recording.target.executable), limits.fileNameBytes),
    comments: describeQuality(stacks),
  })
  const locations = new PprofLocations(builder, stacks.frames)
  for (const thread of stacks.threads) {
    addThread(builder, locations, thread, stacks)
  }
  return { bytes: builder.encode(), symbols: locations.symbols }
}

function addThread(
  builder: ProfileBuilder,
  locations: PprofLocations,
  thread: ThreadStacks,
  { frames, sources }: CpuStacks,
): void {
  const leafLines = new LeafLines(thread, sources)
  const labels = new ThreadLabels(builder, thread, frames)
  const path: LocationRef[] = []
  for (let stack = 0; stack < thread.stackCount; stack++) {
    const leaf = thread.frames[stack] ?? -1
    const isEmpty = thread.selfSamples[stack] === 0 && thread.selfUs[stack] === 0
    if (isEmpty || frames[leaf]?.isIdle) continue
    path.length = 0
    let below = thread.parents[stack] ?? -1
    while (below >= 0) {
      path.push(locations.ofFunction(thread.frames[below] ?? -1))
      below = thread.parents[below] ?? -1
    }
    const callers = builder.callers(path)
    for (const { line, samples, us } of leafLines.of(stack)) {
      const top = locations.ofLine(leaf, line)
      builder.addSample(top, callers, [samples, us * 1000], labels.of(stack))
    }
  }
}

/** The labels of each stack: its thread, its process and the package that had it run. */
class ThreadLabels {
  readonly #builder: ProfileBuilder
  readonly #thread: ThreadStacks
  readonly #frames: CpuStacks['frames']
  readonly #ofPackage = new Map<string | undefined, LabelsRef>()

  constructor(builder: ProfileBuilder, thread: ThreadStacks, frames: CpuStacks['frames']) {
    this.#builder = builder
    this.#thread = thread
    this.#frames = frames
  }

  of(stack: number): LabelsRef {
    const packageName = this.#packageOf(stack)
    const known = this.#ofPackage.get(packageName)
    if (known) return known
    const labels = this.#builder.labels({
      thread: cleanText(this.#thread.thread) || 'unnamed',
      pid: String(this.#thread.pid),
      ...(packageName !== undefined && { package: packageName }),
    })
    this.#ofPackage.set(packageName, labels)
    return labels
  }

  /** Of the topmost frame that is neither Node's nor V8's: who calls `fs.readSync` has its time, too. */
  #packageOf(stack: number): string | undefined {
    for (let at = stack; at >= 0; at = this.#thread.parents[at] ?? -1) {
      const frame = this.#frames[this.#thread.frames[at] ?? -1]
      if (frame?.origin !== 'node' && frame?.origin !== 'native') return frame?.package
    }
    return undefined
  }
}

/** Exact to the microsecond; as a plain number of nanoseconds it would not be. */
function nanosOf(epochMs: number): bigint {
  return BigInt(Math.round(epochMs * 1000)) * 1000n
}
