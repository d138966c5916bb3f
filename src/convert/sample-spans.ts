/** How long each sample stands for. */
import type { CpuProfile } from './cpu-profile.ts'

export interface SpanTotals {
  /** Time that samples stand for, idle ones included. */
  readonly coveredUs: number
  /** Time that no sample stands for, because it lasted too long after one. */
  readonly gapUs: number
}

/**
 * A sample stands for no more than ten intervals or 100 ms, whichever is longer. V8 samples compiled
 * code, C++ and garbage collection alike, so a longer silence means that the sampler was not
 * scheduled or the process was stopped: to blame the last function for it would be invented.
 */
const maxIntervals = 10
const minCapUs = 100_000

/**
 * Calls `visit` for each sample in order of time, with the index of its node. A sample lasts until
 * the next one, the last until the profile's end. V8's clock steps back at times; here it waits.
 *
 * V8 adds samples that are no ticks: of functions when it discards their compiled code, which here
 * divide the time more finely, and one of the start itself, whose stack is the profiler's own and
 * which is left out.
 */
export function eachSample(
  profile: CpuProfile,
  samplingIntervalUs: number,
  visit: (node: number, durationUs: number, startUs: number) => void,
): SpanTotals {
  const { samples, timeDeltasUs, startTimeUs, endTimeUs } = profile
  const capUs = Math.max(maxIntervals * samplingIntervalUs, minCapUs)
  const first = isOfTheStart(profile) ? 1 : 0
  let clockUs = startTimeUs + (timeDeltasUs[0] ?? 0)
  let startUs = Math.max(startTimeUs, clockUs)
  let coveredUs = 0
  let gapUs = 0
  for (let index = 0; index < samples.length; index++) {
    const isLast = index === samples.length - 1
    clockUs += timeDeltasUs[index + 1] ?? 0
    const endUs = Math.max(startUs, isLast ? endTimeUs : Math.min(clockUs, endTimeUs))
    const durationUs = Math.min(endUs - startUs, capUs)
    if (index >= first) {
      visit(samples[index] ?? 0, durationUs, startUs)
      coveredUs += durationUs
      gapUs += endUs - startUs - durationUs
    }
    startUs = endUs
  }
  return { coveredUs, gapUs }
}

/** Whether the first sample is no tick: then its node has fewer hits than samples. */
export function isOfTheStart({ samples, hitCounts }: CpuProfile): boolean {
  const node = samples[0]
  if (node === undefined) return false
  let left = hitCounts[node] ?? 0
  for (let index = 0; index < samples.length && left >= 0; index++) {
    if (samples[index] === node) left--
  }
  return left < 0
}
