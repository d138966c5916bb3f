/**
 * Watches the event loops of the configuration's targets from outside, and looks into those that are
 * blocked while they are. docs/fleet/stalls.md says what it sees and what it costs.
 */
import { monotonicUs } from '../proc/monotonic-time.ts'
import type { Target } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'
import { OpenStall } from './open-stall.ts'
import { StallBudget, type StallLimits } from './stall-limits.ts'
import type { StallReport } from './stall-report.ts'
import type { Turn } from './turn-tracker.ts'
import { type DetectedBy, type LoopState, WatchedLoop } from './watched-loop.ts'

export interface StallOptions extends StallLimits {
  /** A loop that is blocked for so long is a stall; 0: nothing is watched. */
  readonly thresholdMs: number
}

export interface StallWatchOptions {
  readonly options: StallOptions
  /** What becomes of a report: it is kept, logged, stored. Must not reject. */
  readonly deliver: (report: StallReport) => Promise<void>
  /** Why a target cannot be watched, in words. */
  readonly onUnwatchable?: ((target: Target) => void) | undefined
  /** Stalls within this time of the first look at a process are left alone. (default: 5000) */
  readonly graceMs?: number | undefined
  readonly procRoot?: string | undefined
}

export interface WatchedTarget {
  readonly target: Target
  /** Undefined: neither its memory nor the kernel tells how its loop is. */
  readonly detectedBy: DetectedBy | undefined
}

interface Watched {
  readonly target: Target
  readonly loop: WatchedLoop | undefined
  readonly budget: StallBudget
  readonly watchedSinceMs: number
  stall: OpenStall | undefined
  /** Of the last stall that was dealt with: the turn may still go on. */
  handled: number
}

/** Four looks within a threshold; more often gains nothing, and less often 25 ms would cost too much. */
const looksPerThreshold = 4
const lookGapMs = { least: 25, most: 250 }
/** New processes of a target are found so late. */
const listEveryMs = 5000
/** A program loads its modules in its first turns, when nobody waits for it yet. */
const startGraceMs = 5000
/** One that lasts longer is reported while it lasts: perhaps it never ends. */
const longestWaitMs = 30_000
/** When all targets stall at once the machine is the reason, and more attaching makes it worse. */
const maxAtOnce = 3

export class StallWatch {
  readonly #targets: Targets
  readonly #parts: StallWatchOptions
  readonly #watched = new Map<string, Watched>()
  readonly #delivering = new Set<Promise<void>>()
  #options: StallOptions
  #timers: readonly NodeJS.Timeout[] = []
  #listing: Promise<void> | undefined
  #lastId = 0

  constructor(targets: Targets, parts: StallWatchOptions) {
    this.#targets = targets
    this.#parts = parts
    this.#options = parts.options
  }

  start(): void {
    const { thresholdMs } = this.#options
    if (thresholdMs === 0 || this.#timers.length > 0) return
    const gapMs = Math.min(
      Math.max(thresholdMs / looksPerThreshold, lookGapMs.least),
      lookGapMs.most,
    )
    this.#timers = [
      setInterval(() => this.#lookAtAll(), gapMs).unref(),
      setInterval(() => void this.refresh(), listEveryMs).unref(),
    ]
    void this.refresh()
  }

  /** What is being looked into goes on. */
  reconfigure(options: StallOptions): void {
    this.#options = options
    this.#stopTimers()
    if (options.thresholdMs === 0) for (const key of this.#watched.keys()) this.#forget(key)
    this.start()
  }

  watched(): readonly WatchedTarget[] {
    return Array.from(this.#watched.values(), ({ target, loop }) => ({
      target,
      detectedBy: loop?.detectedBy,
    }))
  }

  /** Finds the processes that the targets are now. */
  refresh(): Promise<void> {
    this.#listing ??= this.#list()
      .catch(() => {})
      .finally(() => {
        this.#listing = undefined
      })
    return this.#listing
  }

  async close(): Promise<void> {
    this.#stopTimers()
    await this.#listing
    const stalls = [...this.#watched.values()].map(({ stall }) => stall?.giveUp())
    for (const key of this.#watched.keys()) this.#forget(key)
    await Promise.all([...stalls, ...this.#delivering])
  }

  #stopTimers(): void {
    for (const timer of this.#timers) clearInterval(timer)
    this.#timers = []
  }

  async #list(): Promise<void> {
    const all = await this.#targets.list()
    const wanted = all.filter(({ configured, kind }) => configured && kind === 'process')
    const instances = new Set(wanted.map(({ instance }) => instance))
    for (const key of this.#watched.keys()) if (!instances.has(key)) this.#forget(key)
    for (const target of wanted) {
      if (!this.#watched.has(target.instance)) await this.#watch(target)
    }
  }

  async #watch(target: Target): Promise<void> {
    const loop = await WatchedLoop.open(target, this.#parts.procRoot)
    // Switched off, or closed, meanwhile.
    if (this.#timers.length === 0) return loop?.close()
    this.#watched.set(target.instance, {
      target,
      loop,
      budget: new StallBudget(),
      watchedSinceMs: nowMs(),
      stall: undefined,
      handled: 0,
    })
    if (loop === undefined) this.#parts.onUnwatchable?.(target)
  }

  #forget(key: string): void {
    const watched = this.#watched.get(key)
    this.#watched.delete(key)
    if (watched?.stall !== undefined) this.#end(watched, undefined)
    watched?.loop?.close()
  }

  #lookAtAll(): void {
    for (const [key, watched] of this.#watched) {
      const state = this.#look(watched)
      if (watched.loop !== undefined && state === undefined) this.#forget(key)
    }
  }

  /** Undefined when the process is gone. */
  #look(watched: Watched): LoopState | undefined {
    const { target, loop, stall } = watched
    // While it is looked into, the commands that wait are those of the looking.
    const state = loop?.look(stall === undefined && this.#targets.awaitsAnswer(target))
    if (state === undefined) return undefined
    if (stall !== undefined && state.turn?.number !== stall.turn.number) this.#end(watched, state)
    if (state.turn !== undefined) this.#judge(watched, state.turn, state.atMs)
    return state
  }

  #judge(watched: Watched, turn: Turn, atMs: number): void {
    const lastedMs = atMs - turn.sinceMs
    if (watched.stall !== undefined && lastedMs >= longestWaitMs) this.#end(watched, undefined)
    if (watched.handled === turn.number || lastedMs < this.#options.thresholdMs) return
    watched.handled = turn.number
    const { graceMs = startGraceMs } = this.#parts
    if (turn.sinceMs - watched.watchedSinceMs < graceMs) return
    const passedOver = watched.budget.take(atMs, this.#options)
    if (passedOver !== undefined) this.#open(watched, turn, atMs, passedOver)
  }

  #open(watched: Watched, turn: Turn, noticedAtMs: number, passedOver: number): void {
    const { target, loop } = watched
    const openNow = [...this.#watched.values()].filter(({ stall }) => stall !== undefined).length
    watched.stall = new OpenStall(this.#targets, {
      target,
      turn,
      thresholdMs: this.#options.thresholdMs,
      detectedBy: loop?.detectedBy ?? 'thread',
      passedOver,
      mayAttach: openNow < maxAtOnce,
      noticedAtMs,
      goesOn: () => this.#look(watched)?.turn?.number === turn.number,
      clockMs: nowMs,
    })
  }

  /** `state`: what was seen after it; undefined where it goes on, or its process is gone. */
  #end(watched: Watched, state: LoopState | undefined): void {
    const { stall } = watched
    if (stall === undefined) return
    watched.stall = undefined
    const endMs = state === undefined ? nowMs() : Math.max(state.turnedAtMs, stall.turn.sinceMs)
    const delivered = stall
      .report(++this.#lastId, endMs - stall.turn.sinceMs, state !== undefined)
      .then((report) => this.#parts.deliver(report))
      .catch(() => {})
      .finally(() => this.#delivering.delete(delivered))
    this.#delivering.add(delivered)
  }
}

function nowMs(): number {
  return monotonicUs() / 1000
}
