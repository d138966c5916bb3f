/** What the kernel said of a thread while it was recorded; the captures hand over objects of this shape. */

import { cleanText } from './clean-text.ts'
import type { CpuStacks } from './cpu-stacks.ts'

/** One moment of one thread. */
export interface ThreadLook {
  /** On V8's monotonic clock, in microseconds. */
  readonly atUs: number
  /** CPU time that it has had in all; exact while it sleeps, too low by up to a tick while it runs. */
  readonly cpuUs: number
  /** Time that it was ready to run and no CPU was free; in the same way. */
  readonly queuedUs: number
  readonly isAsleep: boolean
  /** The system call or kernel function that it sleeps in; undefined where that is unknown. */
  readonly wait: string | undefined
}

export interface ThreadLooks {
  /** As `ThreadRecording.thread`. */
  readonly thread: string
  /** In order of time. */
  readonly looks: readonly ThreadLook[]
}

/** What a recording says of its threads beside their samples. */
export interface WatchedThreads {
  readonly looks: readonly ThreadLooks[]
  /** On the clock of the looks, in microseconds: the main thread's profile was begun in between. */
  readonly startedBetweenUs: readonly [number, number]
  /** CPU time that watching took of the recording process. */
  readonly watchCostMs: number
}

/** Two readings of one clock. */
const slackUs = 1000

/** To be added to the times of looks: not 0 where the target is in a time namespace of its own. */
export function clockOffsetUs(
  { threads }: CpuStacks,
  { startedBetweenUs: [from, to] }: WatchedThreads,
): number {
  const startUs = threads.find(({ thread }) => thread === 'main')?.profile.startTimeUs
  if (startUs === undefined || (startUs >= from - slackUs && startUs <= to + slackUs)) return 0
  return startUs - from
}

/** The looks at a thread on the clock of its samples. */
export function looksAt(
  thread: string,
  { looks }: WatchedThreads,
  offsetUs: number,
): readonly ThreadLook[] {
  const own = looks.find((each) => each.thread === thread)?.looks ?? []
  return offsetUs === 0 ? own : own.map((look) => ({ ...look, atUs: look.atUs + offsetUs }))
}

/** Lines for the profile's comments. */
export function describeLooks(
  stacks: CpuStacks,
  watched: WatchedThreads,
  offsetUs: number,
): readonly string[] {
  const { looks, watchCostMs } = watched
  const count = looks.reduce((sum, thread) => sum + thread.looks.length, 0)
  const cost = Number(watchCostMs.toFixed(1))
  const unseen = stacks.threads.filter(({ thread }) => looksAt(thread, watched, 0).length < 2)
  const waits = looks.flatMap((thread) => thread.looks).filter(({ isAsleep }) => isAsleep)
  return [
    `watching: ${count} looks at ${looks.length} threads from outside, ${cost} ms of pprofd's time`,
    ...(offsetUs === 0 ? [] : [`clock: the target's is ${Math.round(offsetUs / 1000)} ms ahead`]),
    ...(waits.length > 0 && waits.every(({ wait }) => wait === undefined)
      ? [
          'warning: the kernel does not tell pprofd what threads sleep in, so rest and waits may be mixed up',
        ]
      : []),
    ...(unseen.length === 0
      ? []
      : [
          `warning: not watched from outside: ${unseen.map(({ thread }) => cleanText(thread)).join(', ')}`,
        ]),
  ]
}

/** How an event loop sleeps, as system call or as function of the kernel: epoll_wait, epoll_pwait, do_epoll_wait, ep_poll. */
export function isPoll(wait: string): boolean {
  return /^(do_)?ep(oll)?_/.test(wait)
}
