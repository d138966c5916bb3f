/** Profiles and looks on one clock, drawn as text, for tests of block and mutex profiles. */
import type { CpuRecording } from '../../src/convert/cpu-recording.ts'
import { type CpuStacks, cpuStacks } from '../../src/convert/cpu-stacks.ts'
import type { ThreadLook, WatchedThreads } from '../../src/convert/thread-looks.ts'
import { type NodeSketch, profileOf, recordingOf } from './recordings.ts'

/** `profileOf` takes its first sample here, and one every 10 ms. */
export const firstSampleUs = 1_010_000
export const intervalUs = 10_000

/**
 * One letter a sample: `.` is idle, `G` the collector, `S` a function that runs a child, others are
 * functions of that name.
 */
export function stacksOf(drawn: string): CpuStacks {
  return cpuStacks(drawnRecording(drawn))
}

export function drawnRecording(drawn: string): CpuRecording {
  const sketches = [...drawn].map((letter): NodeSketch => {
    if (letter === '.') return { name: '(idle)', hits: 1 }
    if (letter === 'G') return { name: '(garbage collector)', hits: 1 }
    const url = 'file:///srv/shop/src/app.js'
    if (letter !== 'S') return { name: letter, url, line: 3, hits: 1 }
    const spawnSync = { name: 'spawnSync', url: 'node:child_process', line: 700, hits: 1 }
    return { name: 'runChild', url, line: 9, calls: [spawnSync] }
  })
  return recordingOf({ main: profileOf(...sketches) }, { samplingIntervalUs: intervalUs })
}

/**
 * One letter a look, in the middle between two samples; the first one is before the first sample. `R` it
 * works, `r` it runs for an instant, `e` epoll, `f` futex, `?` asleep in what is unknown.
 */
export function looksOf(drawn: string): WatchedThreads {
  let cpuUs = 0
  const letters = [...drawn]
  const looks = letters.map((letter, index): ThreadLook => {
    const isAsleep = letter.toUpperCase() !== 'R'
    // As the kernel does: known when it sleeps again.
    if (isAsleep) cpuUs += runLength(letters, index) * 0.98 * intervalUs
    const wait = { e: 'epoll_wait', f: 'futex' }[letter]
    return { atUs: firstSampleUs + (index - 0.5) * intervalUs, cpuUs, queuedUs: 0, isAsleep, wait }
  })
  return {
    looks: [{ thread: 'main', looks }],
    startedBetweenUs: [990_000, 1_005_000],
    watchCostMs: 1,
  }
}

/** How many looks before that one saw it work. */
function runLength(letters: readonly string[], end: number): number {
  let begin = end - 1
  while (letters[begin] === 'R') begin--
  return end - begin - 1
}
