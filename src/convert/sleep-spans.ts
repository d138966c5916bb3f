/** When a thread slept, by looks at it from outside. */
import type { ThreadLook } from './thread-looks.ts'

/** A piece of time in which a thread slept, or did next to nothing else. */
export interface SleepSpan {
  readonly fromUs: number
  readonly toUs: number
  /** What the thread slept in when the span began; undefined where it did not, or that is unknown. */
  readonly before: string | undefined
  /** The same for its end. */
  readonly after: string | undefined
}

/**
 * Of the time that a thread did not wait for a CPU it must have slept so much: taking a sample wakes a
 * thread that sleeps for 20 to 130 us, which is a tenth of the time between two samples at 1000 Hz.
 */
const minSleepShare = 0.7

/**
 * The spans between two looks in which the thread slept. Only where a look sees it asleep its CPU time
 * is exact, so a span ends with one that does; one that does not is passed over where all around it is sleep.
 */
export function sleepSpans(looks: readonly ThreadLook[]): readonly SleepSpan[] {
  const spans: SleepSpan[] = []
  let lastAsleep: ThreadLook | undefined
  let previous: ThreadLook | undefined
  for (const look of looks) {
    if (look.isAsleep) {
      // What ran at the first look is counted as run after it: a span may be missed, but not made up.
      const span = asleepBetween(lastAsleep, look) ?? asleepBetween(previous, look)
      if (span) spans.push(span)
      lastAsleep = look
    }
    previous = look
  }
  return spans
}

function asleepBetween(from: ThreadLook | undefined, to: ThreadLook): SleepSpan | undefined {
  if (!from) return undefined
  const cpuUs = to.cpuUs - from.cpuUs
  const sleptUs = to.atUs - from.atUs - cpuUs - (to.queuedUs - from.queuedUs)
  if (sleptUs <= 0 || sleptUs < minSleepShare * (sleptUs + cpuUs)) return undefined
  return { fromUs: from.atUs, toUs: to.atUs, before: from.wait, after: to.wait }
}
