/** Gathers what comes of a target that is watched, and makes of it what is shown. */
import {
  type TopStart,
  type TopThread,
  type TopWindow,
  topWindowMs as windowMs,
} from '../../captures/top.ts'
import type { FindSources } from '../../convert/source-lookup.ts'
import { type LoopFigures, type LoopRates, loopRates } from '../../convert/top/loop-rates.ts'
import { TopModel } from '../../convert/top/top-model.ts'
import { cpuShares, type ThreadReading } from './cpu-shares.ts'
import type { TopView } from './top-keys.ts'
import type { CpuShares, TopSnapshot } from './top-snapshot.ts'

/** An answer that is so late is not just that of a busy machine: the thread is in native code. */
const silentAfterMs = 1500

/** Of the last minute: what looking costs now, and no matter how long it runs. */
const maxPauses = 60

interface Watched {
  readonly tid: number | undefined
  readonly startPauseMs: number
  readonly pausesMs: number[]
  /** When it was asked for what it has not answered yet. */
  askedMs: number
  figures: LoopFigures | undefined
  loop: LoopRates | undefined
}

export class TopBoard {
  readonly #model: TopModel
  readonly #hz: number
  readonly #nowMs: () => number
  readonly #watched = new Map<string, Watched>()
  #start: TopStart | undefined
  #sinceMs: number | undefined
  #windowCount = 0
  #readings: readonly ThreadReading[] = []
  #cpu: CpuShares | undefined
  #residentBytes: number | undefined

  constructor(hz: number, findSources: FindSources | undefined, nowMs = () => performance.now()) {
    this.#model = new TopModel(findSources)
    this.#hz = hz
    this.#nowMs = nowMs
  }

  /** Main first. */
  get threads(): readonly string[] {
    return [...this.#watched.keys()].sort((a, b) => rank(a) - rank(b))
  }

  /** Windows of the main thread so far. */
  get windowCount(): number {
    return this.#windowCount
  }

  /** Whether the main thread should have answered, and has not. */
  get isSilent(): boolean {
    return this.#silentMs('main') > 0
  }

  /** Of the main thread: an upper bound, and what each later window cost. */
  get pauses(): { readonly startMs: number; readonly laterMs: number } | undefined {
    const main = this.#watched.get('main')
    return main && { startMs: main.startPauseMs, laterMs: median(main.pausesMs) }
  }

  started(start: TopStart): void {
    this.#start = start
  }

  addThread({ thread, tid, startPauseMs }: TopThread): void {
    const askedMs = this.#nowMs() + windowMs
    this.#sinceMs ??= this.#nowMs()
    this.#watched.set(thread, {
      tid,
      startPauseMs,
      pausesMs: [],
      askedMs,
      figures: undefined,
      loop: undefined,
    })
    this.#model.addThread(thread)
  }

  removeThread(thread: string): void {
    this.#watched.delete(thread)
    this.#model.removeThread(thread)
  }

  /** Resolves to whether the thread did not rest in it. */
  async addWindow({ thread, profileJson, checks, pauseMs, figures }: TopWindow): Promise<boolean> {
    const start = this.#start
    const watched = this.#watched.get(thread)
    if (!start || !watched) return false
    watched.askedMs = this.#nowMs() + windowMs
    const facts = await this.#model.add({
      threads: [{ pid: start.target.pid, thread, profileJson, checks }],
      target: start.target,
      startedAtMs: 0,
      askedDurationMs: 0,
      askedHz: this.#hz,
      samplingIntervalUs: start.samplingIntervalUs,
      startPauseMs: watched.startPauseMs,
      stopPauseMs: pauseMs,
      attachMs: start.attachMs,
      openedInspector: start.openedInspector,
    })
    watched.askedMs = this.#nowMs() + windowMs
    watched.loop = loopRates(facts, figures, watched.figures)
    watched.figures = figures
    watched.pausesMs.push(pauseMs)
    if (watched.pausesMs.length > maxPauses) watched.pausesMs.shift()
    if (thread === 'main') this.#windowCount++
    return !facts.hasRested
  }

  /** What the kernel says. */
  addReadings(
    readings: readonly ThreadReading[] | undefined,
    residentBytes: number | undefined,
  ): void {
    this.#residentBytes = residentBytes
    if (readings === undefined) return
    const names = new Map<number, string>()
    for (const [thread, { tid }] of this.#watched) if (tid !== undefined) names.set(tid, thread)
    this.#cpu = cpuShares(this.#readings, readings, names) ?? this.#cpu
    this.#readings = readings
  }

  reset(): void {
    this.#model.reset()
    this.#sinceMs = this.#nowMs()
  }

  /** Undefined until it is attached. */
  snapshot({ sort, thread, isPaused }: TopView): TopSnapshot | undefined {
    if (!this.#start) return undefined
    // A thread that has ended is chosen no more.
    const chosen = thread === undefined || this.#watched.has(thread) ? thread : 'main'
    const main = this.#watched.get('main')
    const shown = chosen === undefined ? main : this.#watched.get(chosen)
    return {
      target: this.#start.target,
      hz: this.#hz,
      watchedMs: this.#nowMs() - (this.#sinceMs ?? this.#nowMs()),
      openedInspector: this.#start.openedInspector,
      threads: this.threads,
      thread: chosen,
      sort,
      rows: this.#model.rows(chosen, sort),
      loop: shown?.loop,
      heap: shown?.figures,
      silentMs: this.#silentMs(chosen ?? 'main'),
      cpu: this.#cpu,
      residentBytes: this.#residentBytes,
      startPauseMs: shown?.startPauseMs,
      usualPauseMs: shown ? median(shown.pausesMs) : 0,
      isPaused,
    }
  }

  #silentMs(thread: string): number {
    const watched = this.#watched.get(thread)
    const sinceMs = watched ? this.#nowMs() - watched.askedMs : 0
    return sinceMs > silentAfterMs ? sinceMs : 0
  }
}

/** One that waited for native code to end tells nothing of the others. */
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

function rank(thread: string): number {
  return thread === 'main' ? 0 : 1
}
