/** What a chain of CPU windows has seen between two cuts through all threads, and how such rounds become one recording. */
import type { CpuRecording, NativeThreads, ThreadRecording } from '../captures/cpu-recording.ts'

export interface CpuRound {
  /** Wall clock, ms since the epoch. */
  readonly startedAtMs: number
  readonly endedAtMs: number
  readonly threads: readonly ThreadRecording[]
  readonly nativeThreads: readonly NativeThreads[] | undefined
  /** Workers that could not be profiled to its end. */
  readonly missing: readonly string[]
  /** Round trip of what ended it: an upper bound of how long the main thread stood still for it. */
  readonly pauseMs: number
}

export interface RoundFacts
  extends Pick<
    CpuRecording,
    'target' | 'askedDurationMs' | 'askedHz' | 'samplingIntervalUs' | 'openedInspector'
  > {
  /** Of the cut before the first round; 0 where it was long ago. */
  readonly startPauseMs: number
}

/** `rounds`: at least one, in order and without gaps. */
export function joinRounds(rounds: readonly CpuRound[], facts: RoundFacts): CpuRecording {
  const isKnown = rounds.every(({ nativeThreads }) => nativeThreads !== undefined)
  return {
    ...facts,
    threads: joinThreads(rounds.flatMap(({ threads }) => threads)),
    nativeThreads: isKnown
      ? joinNative(rounds.flatMap(({ nativeThreads = [] }) => nativeThreads))
      : undefined,
    missing: [...new Set(rounds.flatMap(({ missing }) => missing))],
    startedAtMs: rounds[0]?.startedAtMs ?? 0,
    stopPauseMs: Math.max(0, ...rounds.map(({ pauseMs }) => pauseMs)),
    attachMs: 0,
  }
}

/** Main first, as in each round. */
function joinThreads(windows: readonly ThreadRecording[]): readonly ThreadRecording[] {
  const threads = new Map<string, ThreadRecording>()
  for (const window of windows) {
    const before = threads.get(window.thread)
    if (before === undefined) {
      threads.set(window.thread, { laterWindows: [], ...window })
      continue
    }
    const { laterWindows = [], cpuTimes = [], checks = [] } = before
    threads.set(window.thread, {
      ...before,
      laterWindows: [...laterWindows, window.profileJson, ...(window.laterWindows ?? [])],
      // One round without a clock leaves a hole that the conversion sees.
      cpuTimes:
        before.cpuTimes || window.cpuTimes ? [...cpuTimes, ...(window.cpuTimes ?? [])] : undefined,
      checks: [...checks, ...(window.checks ?? [])],
    })
  }
  return [...threads.values()]
}

function joinNative(all: readonly NativeThreads[]): readonly NativeThreads[] {
  const groups = new Map<string, NativeThreads>()
  for (const one of all) {
    const before = groups.get(one.name)
    groups.set(one.name, {
      ...one,
      count: Math.max(one.count, before?.count ?? 0),
      usedUs: one.usedUs + (before?.usedUs ?? 0),
      busiestUs: one.busiestUs + (before?.busiestUs ?? 0),
    })
  }
  return [...groups.values()].sort((a, b) => b.usedUs - a.usedUs)
}
