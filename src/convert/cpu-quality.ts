/** What a CPU recording asked for and what it achieved, for those who judge its numbers. */
import { cleanText } from './clean-text.ts'
import type { CpuKind, CpuStacks, ThreadStacks } from './cpu-stacks.ts'
import { cpuTruthNotes, cpuTruthWarnings, whyFewSamples } from './cpu-truth-notes.ts'
import { sourceNotes } from './source-lookup.ts'

export interface CpuQuality {
  readonly achievedDurationMs: number
  /** Samples per second of recording, the mean of the threads. */
  readonly achievedHz: number
  readonly sampleCount: number
  /** 0 to 1: part of the sampled time in which the threads waited for work; undefined without samples. */
  readonly idleShare: number | undefined
  /** Time that no sample stands for. */
  readonly unsampledMs: number
  /** One sentence each. */
  readonly warnings: readonly string[]
}

/** Below half of the samples asked for, the sampler was starved or stuck. */
const minRateShare = 0.5

/** With fewer samples expected than this, chance alone can halve the rate. */
const minExpectedSamples = 20

/** With fewer samples of a busy thread than this, the order of its functions is mostly chance. */
const minBusySamples = 50

export function cpuQuality(stacks: CpuStacks, kind: QualityOf = 'cpu'): CpuQuality {
  const { recording, threads } = stacks
  const sampleCount = sum(threads, (thread) => thread.sampleCount)
  const durationUs = sum(threads, (thread) => thread.durationUs)
  const coveredUs = sum(threads, (thread) => thread.coveredUs)
  const achievedHz = durationUs > 0 ? (sampleCount / durationUs) * 1e6 : 0
  const achievedDurationMs = achievedDurationUs(stacks) / 1000
  const unsampledMs = sum(threads, (thread) => thread.gapUs) / 1000
  const idle = sum(threads, (thread) => idleOf(thread, stacks).us)
  const busySamples = sampleCount - sum(threads, (thread) => idleOf(thread, stacks).samples)

  const warnings: string[] = []
  const expected = (durationUs / 1e6) * recording.askedHz
  if (expected >= minExpectedSamples && sampleCount < expected * minRateShare) {
    warnings.push(
      `the sampler took ${sampleCount} of about ${Math.round(expected)} samples: ${whyFewSamples(stacks, achievedDurationUs(stacks))}, so parts of the time are missing`,
    )
  }
  if (achievedDurationMs < recording.askedDurationMs / 2) {
    warnings.push('the recording ended before half of the time asked for')
  }
  const missing = recording.missing ?? []
  if (missing.length > 0) {
    const names = missing.map((name) => cleanText(name)).join(', ')
    warnings.push(`not recorded, because it ended or did not answer: ${names}`)
  }
  if (kind !== 'contention' && busySamples > 0 && busySamples < minBusySamples) {
    warnings.push(`only ${busySamples} samples of running code: record longer or at a higher rate`)
  }
  warnings.push(...cpuTruthWarnings(stacks))
  return {
    achievedDurationMs,
    achievedHz,
    sampleCount,
    idleShare: coveredUs > 0 ? idle / coveredUs : undefined,
    unsampledMs,
    warnings,
  }
}

/** The longest thread's. */
export function achievedDurationUs({ threads }: CpuStacks): number {
  return threads.reduce((longest, { durationUs }) => Math.max(longest, durationUs), 0)
}

/** What the samples are shown as: CPU time, all time, or what threads wait for. */
export type QualityOf = CpuKind | 'contention'

/** The quality in lines for people; the same in pprof's comments and in the summary. */
export function describeQuality(stacks: CpuStacks, kind: QualityOf = 'cpu'): readonly string[] {
  const { recording } = stacks
  const { target } = recording
  const quality = cpuQuality(stacks, kind)
  const inspector = recording.openedInspector ? ', inspector opened for it' : ''
  return [
    `target: ${cleanText(target.name)}, pid ${target.pid}, node ${cleanText(target.nodeVersion)}`,
    `duration: ${seconds(recording.askedDurationMs)} asked, ${seconds(quality.achievedDurationMs)} achieved`,
    `rate: ${rounded(recording.askedHz)} Hz asked, ${rounded(quality.achievedHz)} Hz achieved, ${quality.sampleCount} samples`,
    ...(kind === 'contention'
      ? []
      : [
          `idle: ${quality.idleShare === undefined ? 'unknown' : percent(quality.idleShare)} of the sampled time, ${kind === 'cpu' ? 'left out' : 'kept'}`,
        ]),
    ...(quality.unsampledMs > 0
      ? [`unsampled: ${seconds(quality.unsampledMs)} that no sample stands for, left out`]
      : []),
    `pauses of the target: at most ${rounded(recording.startPauseMs)} ms at the start, ${rounded(recording.stopPauseMs)} ms at the stop`,
    `attach: ${rounded(recording.attachMs)} ms${inspector}`,
    ...(kind === 'contention' ? [] : cpuTruthNotes(stacks, kind)),
    ...sourceNotes(stacks.sources),
    ...quality.warnings.map((warning) => `warning: ${warning}`),
  ]
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

export function seconds(durationMs: number): string {
  return `${Number((durationMs / 1000).toFixed(2))} s`
}

function rounded(value: number): number {
  return Number(value.toFixed(1))
}

function idleOf(thread: ThreadStacks, { frames }: CpuStacks): { us: number; samples: number } {
  let us = 0
  let samples = 0
  for (let stack = 0; stack < thread.stackCount; stack++) {
    if (frames[thread.frames[stack] ?? -1]?.isIdle !== true) continue
    us += thread.selfUs[stack] ?? 0
    samples += thread.selfSamples[stack] ?? 0
  }
  return { us, samples }
}

function sum(threads: readonly ThreadStacks[], of: (thread: ThreadStacks) => number): number {
  return threads.reduce((total, thread) => total + of(thread), 0)
}
