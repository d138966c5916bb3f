/**
 * How much CPU the threads of a target use while it is recorded, read in /proc: exact, and free for
 * the target. V8's samples say where a thread was, not whether it used the processor there.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Target } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'
import type { CpuTime, NativeThreads } from './cpu-recording.ts'

export interface ClockOptions {
  /** From one reading to the next. (default: 50, shorter than a stretch that anybody notices) */
  readonly clockPeriodMs?: number
}

/** For each so many threads the period once more, to bound the reads. */
const threadsAtOnce = 8

/** Beyond these only samples tell. */
const maxFollowed = 64

/** The time of ended threads is known in steps of 10 ms at either end only. */
const minEndedUs = 50_000

type Times = NonNullable<Awaited<ReturnType<Targets['processTimes']>>>
type ThreadTime = Times['threads'][number]

export class ThreadClocks {
  readonly #targets: Targets
  readonly #target: Target
  readonly #before: Times
  readonly #periodMs: number
  /** By the name of the thread. */
  readonly #followed = new Map<string, { readonly tid: number; readonly times: CpuTime[] }>()
  /** Kernel ids by what the threads call themselves, and those whose samples are in the profile. */
  readonly #tids = new Map<number, number>()
  readonly #sampled: Set<number>
  readonly #ending = new AbortController()
  readonly #polling: Promise<void>

  constructor(targets: Targets, target: Target, before: Times, periodMs: number) {
    this.#targets = targets
    this.#target = target
    this.#before = before
    this.#periodMs = periodMs
    this.#learn(before)
    this.#sampled = new Set([target.pid])
    this.#followed.set('main', { tid: target.pid, times: [] })
    this.#polling = this.#poll()
  }

  /** Follows the main thread. Undefined where nothing can be known: of a target by port, without /proc. */
  static async start(
    targets: Targets,
    target: Target,
    { clockPeriodMs = 50 }: ClockOptions = {},
  ): Promise<ThreadClocks | undefined> {
    const before = await targets.processTimes(target).catch(() => undefined)
    return before && new ThreadClocks(targets, target, before, clockPeriodMs)
  }

  /** `innermostTid`: its kernel id as it knows it itself. */
  async follow(thread: string, innermostTid: number): Promise<void> {
    if (!this.#tids.has(innermostTid)) {
      this.#learn(await this.#targets.processTimes(this.#target).catch(() => undefined))
    }
    const tid = this.#tids.get(innermostTid)
    if (tid === undefined) return
    this.#sampled.add(tid)
    if (this.#followed.size < maxFollowed) this.#followed.set(thread, { tid, times: [] })
  }

  timesOf(thread: string): readonly CpuTime[] | undefined {
    const times = this.#followed.get(thread)?.times
    return times && times.length > 1 ? times : undefined
  }

  /** Whether the thread used the processor, or waited for one, all the time of the last `forMs`. */
  isBusy(thread: string, forMs: number): boolean {
    const times = this.#followed.get(thread)?.times ?? []
    const last = times.at(-1)
    if (last === undefined) return false
    const first = times.findLast(({ atUs }) => atUs <= last.atUs - forMs * 1000)
    if (first === undefined) return false
    const queuedUs = (last.queuedUs ?? 0) - (first.queuedUs ?? 0)
    const busyUs = last.usedUs - first.usedUs + queuedUs
    // The kernel brings its counts up to date once a tick, which is up to 10 ms.
    return busyUs >= (last.atUs - first.atUs) * 0.95 - 10_000
  }

  /**
   * What the threads have used that are not sampled, since the start. `withWorkers`: whether workers
   * that did not say which thread they are cannot be among those that are sampled.
   */
  async nativeThreads(withWorkers: boolean): Promise<readonly NativeThreads[] | undefined> {
    const after = await this.#targets.processTimes(this.#target).catch(() => undefined)
    return after && this.#nativeThreads(after, withWorkers)
  }

  /** Call it whatever happens. Afterwards `timesOf` is complete. */
  async stop(): Promise<void> {
    this.#ending.abort()
    await this.#polling
  }

  async #poll(): Promise<void> {
    const { signal } = this.#ending
    while (!signal.aborted) {
      await this.#readAll()
      const times = Math.ceil(this.#followed.size / threadsAtOnce)
      await sleep(this.#periodMs * times, undefined, { signal, ref: false }).catch(() => {})
    }
    await this.#readAll()
  }

  async #readAll(): Promise<void> {
    const all = [...this.#followed.values()].map(async ({ tid, times }) => {
      const time = await this.#targets.cpuTime(this.#target, tid).catch(() => undefined)
      if (time) times.push(time)
    })
    await Promise.all(all)
  }

  #learn(times: Times | undefined): void {
    for (const { innermostTid, tid } of times?.threads ?? []) this.#tids.set(innermostTid, tid)
  }

  #nativeThreads(
    { threads, processUsedUs }: Times,
    withWorkers: boolean,
  ): readonly NativeThreads[] {
    const { pid } = this.#target
    const groups = new Map<string, NativeThreads>()
    let knownUs = 0
    for (const thread of threads) {
      const usedUs = Math.max(0, thread.time.usedUs - this.#usedBefore(thread))
      knownUs += usedUs
      if (this.#sampled.has(thread.tid)) continue
      if (!withWorkers && /^(worker|other)/.test(thread.role)) continue
      const name = thread.roleName
      const group = groups.get(name)
      groups.set(name, {
        pid,
        name,
        count: (group?.count ?? 0) + 1,
        usedUs: (group?.usedUs ?? 0) + usedUs,
        busiestUs: Math.max(group?.busiestUs ?? 0, usedUs),
        isSampler: thread.role === 'sampler',
      })
    }
    const endedUs = processUsedUs - this.#before.processUsedUs - knownUs
    if (endedUs >= minEndedUs) {
      const name = '(threads that ended)'
      const isSampler = false
      groups.set(name, { pid, name, count: 0, usedUs: endedUs, busiestUs: endedUs, isSampler })
    }
    return [...groups.values()].sort((a, b) => b.usedUs - a.usedUs)
  }

  #usedBefore({ tid, startTimeTicks }: ThreadTime): number {
    const before = this.#before.threads.find((thread) => thread.tid === tid)
    return before?.startTimeTicks === startTimeTicks ? before.time.usedUs : 0
  }
}
