/**
 * A CPU recording as pprof's profile `cpu`, or as `wall` (fgprof's: time on and off the CPU). Of `cpu`
 * `(idle)` is left out; `(program)` and `(garbage collector)` stay. Callers have their function's first
 * line, the leaf the line that was running.
 *
 * Bytes are scanned and protobuf is written straight away because that takes the least memory for what
 * it gives: less than twice the JSON at 83 MB, where JSON.parse and @datadog/pprof's encoder of objects take
 * 10 times, for a third of the output (bench/conversion.mjs).
 */

import { limits, type ValueType } from '../pprof/profile.ts'
import { ProfileBuilder } from '../pprof/profile-builder.ts'
import { cleanText, cutEnd, cutStart } from './clean-text.ts'
import { blockedPart, runningPart } from './cpu-parts.ts'
import { achievedDurationUs, cpuQuality, describeQuality } from './cpu-quality.ts'
import type { NativeThreads } from './cpu-recording.ts'
import type { CpuKind, CpuStacks, ThreadStacks } from './cpu-stacks.ts'
import type { Frame } from './frame.ts'
import { LeafLines } from './leaf-lines.ts'
import { PackageLabels, worksForItsCaller } from './package-labels.ts'
import { PprofLocations } from './pprof-locations.ts'
import { StackCallers } from './stack-callers.ts'
import { threadProfileBytes } from './thread-profile.ts'

export interface PprofCpuProfile {
  /** Not gzipped yet. */
  readonly bytes: Uint8Array
  /** Every address of the profile with its function's name, for pprof's symbol request. */
  readonly symbols: readonly (readonly [address: number, name: string])[]
}

/** fgprof's names of its sample types. */
const timeTypes: Readonly<Record<CpuKind, ValueType>> = {
  cpu: { type: 'cpu', unit: 'nanoseconds' },
  wall: { type: 'time', unit: 'nanoseconds' },
}

export function cpuPprof(stacks: CpuStacks, kind: CpuKind = 'cpu'): PprofCpuProfile {
  const { recording } = stacks
  const time = timeTypes[kind]
  const header = {
    sampleTypes: [{ type: 'samples', unit: 'count' }, time],
    defaultSampleType: time.type,
    periodType: time,
    period: periodNs(stacks, kind),
    timeNanos: nanosOf(recording.startedAtMs),
    durationNanos: achievedDurationUs(stacks) * 1000,
    executable: cutStart(cleanText(recording.target.executable), limits.fileNameBytes),
    comments: describeQuality(stacks, kind),
  }
  // Its text is longer than what is made of it.
  const textBytes = recording.threads.reduce((sum, one) => sum + threadProfileBytes(one), 0)
  const builder = new ProfileBuilder(header, textBytes)
  const locations = new PprofLocations(builder, stacks.frames)
  for (const thread of stacks.threads) {
    if (kind === 'wall') addThread(builder, locations, thread, stacks)
    else addCpuThread(builder, locations, thread, stacks)
  }
  if (kind === 'cpu') addNativeThreads(builder, locations, recording.nativeThreads ?? [])
  return { bytes: builder.encode(), symbols: locations.symbols }
}

/** Samples of running code, and, told apart by a label, those that used no processor. */
function addCpuThread(
  builder: ProfileBuilder,
  locations: PprofLocations,
  thread: ThreadStacks,
  stacks: CpuStacks,
): void {
  const isBusy = ({ isIdle }: Frame) => !isIdle
  addThread(builder, locations, runningPart(thread), stacks, isBusy)
  const blocked = blockedPart(thread)
  if (blocked) addThread(builder, locations, blocked, stacks, isBusy, { state: 'blocked' })
}

/** Threads that V8 does not sample: a stack of one frame that says what they are, with their CPU time. */
function addNativeThreads(
  builder: ProfileBuilder,
  locations: PprofLocations,
  all: readonly NativeThreads[],
): void {
  for (const { pid, name, usedUs } of all) {
    const text = cutEnd(cleanText(name), limits.functionNameBytes)
    if (usedUs < 1) continue
    const labels = builder.labels({ thread: text, pid: String(pid) })
    const leaf = locations.ofName(text)
    builder.addSample(leaf, builder.callers([]), [0, Math.round(usedUs * 1000)], labels)
  }
}

function addThread(
  builder: ProfileBuilder,
  locations: PprofLocations,
  thread: ThreadStacks,
  { frames, sources }: CpuStacks,
  isWanted: (leaf: Frame) => boolean = () => true,
  more: Readonly<Record<string, string>> = {},
): void {
  const leafLines = new LeafLines(thread, sources)
  const common = {
    thread: cleanText(thread.thread) || 'unnamed',
    pid: String(thread.pid),
    ...more,
  }
  const labels = new PackageLabels(builder, common)
  const repairedLabels = new PackageLabels(builder, { ...common, repaired: 'hot-loop' })
  const callers = new StackCallers(builder, locations, thread)
  for (let stack = 0; stack < thread.stackCount; stack++) {
    const leaf = thread.frames[stack] ?? -1
    const isEmpty = thread.selfSamples[stack] === 0 && thread.selfUs[stack] === 0
    const frame = frames[leaf]
    if (isEmpty || !frame || !isWanted(frame)) continue
    const below = callers.of(stack)
    const known = thread.repairedStacks?.has(stack) ? repairedLabels : labels
    const ownLabels = known.of(packageOf(thread, stack, frames))
    leafLines.divide(stack)
    for (let at = 0; at < leafLines.count; at++) {
      const samples = leafLines.samples[at] ?? 0
      const us = leafLines.us[at] ?? 0
      if (samples <= 0 && us <= 0) continue
      const top = locations.ofLine(leaf, leafLines.lines[at] ?? 0)
      builder.addSample(top, below, [samples, Math.round(us * 1000)], ownLabels)
    }
  }
}

/** As fgprof does, `wall` has what was achieved: ticks get lost. */
function periodNs(stacks: CpuStacks, kind: CpuKind): number {
  const { achievedHz } = cpuQuality(stacks)
  if (kind === 'wall' && achievedHz > 0) return Math.round(1e9 / achievedHz)
  return Math.round(stacks.recording.samplingIntervalUs * 1000)
}

/** Of the topmost frame that is neither Node's nor V8's. */
function packageOf(thread: ThreadStacks, stack: number, frames: CpuStacks['frames']) {
  for (let at = stack; at >= 0; at = thread.parents[at] ?? -1) {
    const frame = frames[thread.frames[at] ?? -1]
    if (!worksForItsCaller(frame)) return frame?.package
  }
  return undefined
}

/** Exact to the microsecond; as a plain number of nanoseconds it would not be. */
function nanosOf(epochMs: number): bigint {
  return BigInt(Math.round(epochMs * 1000)) * 1000n
}
