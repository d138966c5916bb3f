/**
 * How much CPU the threads of a target use while it is recorded, read in /proc: exact, and free for
 * the target. V8's samples say where a thread was, not whether it used the processor there.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Target } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'
import type { CpuTime, NativeThreads } from './cpu-recording.ts'

/** Shorter than a stretch that anybody notices; 20 small reads a second for each thread. */
const periodMs = 50

/** Nobody looks at more threads, and each is read 20 times a second. */
const maxFollowed = 64

/** The time of ended threads is known in steps of 10 ms at either end only. */
const minEndedUs = 50_000

type Times = NonNullable<Awaited<ReturnType<Targets['processTimes']>>>
type ThreadTime = Times['threads'][number]

export class ThreadClocks {
  readonly #targets: Targets
  readonly #target: Target
  readonly #before: Times
  /** By the name of the thread. */
  readonly #followed = new Map<string, { readonly tid: number; readonly times: CpuTime[] }>()
  readonly #ending = new AbortController()
  readonly #polling: Promise<void>

  constructor(targets: Targets, target: Target, before: Times) {
    this.#targets = targets
    this.#target = target
    this.#before = before
    this.#followed.set('main', { tid: target.pid, times: [] })
    this.#polling = this.#poll()
  }

  /** Follows the main thread. Undefined where nothing can be known: of a target by port, without /proc. */
  static async start(targets: Targets, target: Target): Promise<ThreadClocks | undefined> {
    const before = await targets.processTimes(target).catch(() => undefined)
    return before && new ThreadClocks(targets, target, before)
  }

  /** `innermostTid`: its kernel id as it knows it itself. */
  async follow(thread: string, innermostTid: number): Promise<void> {
    if (this.#followed.size >= maxFollowed) return
    const now = await this.#targets.processTimes(this.#target).catch(() => undefined)
    const found = now?.threads.find((other) => other.innermostTid === innermostTid)
    if (found) this.#followed.set(thread, { tid: found.tid, times: [found.time] })
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

  /** What the threads have used that are not followed, since the start. */
  async nativeThreads(): Promise<readonly NativeThreads[] | undefined> {
    const after = await this.#targets.processTimes(this.#target).catch(() => undefined)
    return after && this.#nativeThreads(after)
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
      await sleep(periodMs, undefined, { signal, ref: false }).catch(() => {})
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

  #nativeThreads({ threads, processUsedUs }: Times): readonly NativeThreads[] {
    const { pid } = this.#target
    const followed = new Set([...this.#followed.values()].map(({ tid }) => tid))
    const groups = new Map<string, NativeThreads>()
    let knownUs = 0
    for (const thread of threads) {
      const usedUs = Math.max(0, thread.time.usedUs - this.#usedBefore(thread))
      knownUs += usedUs
      if (followed.has(thread.tid)) continue
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
