/**
 * The targets that are recorded without an end, and those that a scraper asks for regularly: each is one
 * chain of windows, which requests share.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { CpuRecording } from '../captures/cpu-recording.ts'
import { innerSession } from '../captures/inner-session.ts'
import { refuseLongPause } from '../captures/refuse-long-pause.ts'
import { CaptureError } from '../errors.ts'
import type { Target } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'
import { CpuChain } from './cpu-chain.ts'
import type { LiveFigures } from './live-figures.ts'
import { RoundRing } from './round-ring.ts'
import { ScrapePattern } from './scrape-pattern.ts'

export interface FlightOptions {
  /** Whether targets that the configuration names are recorded, where they do not say it themselves. */
  readonly continuous: boolean
  /** Whether any of them says it. */
  readonly continuousTargets: boolean
  /** Samples a second of each of their threads. */
  readonly hz: number
  /** Whether a target that is scraped regularly stays in a chain. */
  readonly scraped: boolean
  /** Whether a target's inspector is closed again while it is recorded. */
  readonly door: 'closed' | 'open'
  /** How much is kept of each target. */
  readonly keepSeconds: number
  readonly maxBytes: number
  /** Longest estimated pause of a target that starting may cause; undefined: no limit. */
  readonly maxPauseMs?: number | undefined
}

export interface FlightEvents {
  readonly onStart: (target: Target, hz: number, pauseMs: number) => void
  /** `reason`: why it ended although nobody ended it. */
  readonly onEnd: (target: Target, reason: unknown) => void
}

/** Short enough that little is lost with a target that dies; the cut costs it 1 to 5 ms. */
const windowMs = 10_000

/** A target that starts is found within this time. */
const lookMs = 5000

/** From one failure to start to the next try, doubled each time. */
const firstRetryMs = 10_000
const maxRetryMs = 300_000

interface Recorded {
  readonly ring: RoundRing
  readonly chain: Promise<CpuChain>
  readonly hz: number
  running?: CpuChain
}

interface Failure {
  readonly waitMs: number
  readonly untilMs: number
}

export class FlightRecorder {
  options: FlightOptions
  readonly #targets: Targets
  readonly #events: FlightEvents
  /** All by the process. */
  readonly #recorded = new Map<string, Recorded>()
  readonly #patterns = new Map<string, ScrapePattern>()
  readonly #failures = new Map<string, Failure>()
  #ending = new AbortController()
  #looking: Promise<void> | undefined

  constructor(targets: Targets, options: FlightOptions, events: FlightEvents) {
    this.#targets = targets
    this.options = options
    this.#events = events
  }

  /** Looks after the targets until `stop`. */
  start(): void {
    if (this.#looking !== undefined) return
    this.#ending = new AbortController()
    this.#looking = this.#lookAgainAndAgain(this.#ending.signal)
  }

  /** Resolves when all targets are as before. */
  async stop(): Promise<void> {
    this.#ending.abort()
    await this.#looking
    this.#looking = undefined
    await Promise.all([...this.#recorded.keys()].map((key) => this.#end(key)))
  }

  /** Ends everything, for it to begin anew with other options. */
  async reconfigure(options: FlightOptions): Promise<void> {
    const before = JSON.stringify(this.options)
    this.options = options
    if (JSON.stringify(options) === before) return
    await Promise.all([...this.#recorded.keys()].map((key) => this.#end(key)))
    this.#failures.clear()
  }

  /** What is known of its event loop and heap, as of the last cut; undefined where it is not recorded. */
  figures(target: Target): LiveFigures | undefined {
    return this.#recorded.get(keyOf(target))?.running?.figures
  }

  /**
   * A recording of what happens from now on, where the target is in a chain at that rate; undefined where it
   * is not. Requests that come regularly bring it into one.
   */
  async record(
    target: Target,
    {
      hz,
      durationMs,
      signal,
    }: { hz: number; durationMs: number; signal?: AbortSignal | undefined },
  ): Promise<CpuRecording | undefined> {
    const key = keyOf(target)
    if (this.options.scraped) {
      const pattern = this.#patterns.get(key) ?? new ScrapePattern()
      this.#patterns.set(key, pattern)
      pattern.note(Date.now(), hz)
      await this.#ensure(target)
    }
    const recorded = this.#recorded.get(key)
    if (recorded?.running === undefined || recorded.hz !== hz) return undefined
    return recorded.running.record(durationMs, signal)
  }

  /**
   * What has been recorded of its last seconds, until now.
   * @throws {CaptureError} not-recorded.
   */
  async last(target: Target, seconds: number): Promise<CpuRecording> {
    const recorded = this.#recorded.get(keyOf(target))
    const { running, ring } = recorded ?? {}
    if (running === undefined || ring === undefined) throw notRecorded(target)
    const untilMs = Date.now()
    await running.cut()
    const rounds = await ring.since(untilMs - seconds * 1000)
    return running.join(rounds, seconds * 1000)
  }

  async #lookAgainAndAgain(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // What fails is asked again; a target that cannot be recorded has been reported.
      await this.#look().catch(() => {})
      await sleep(lookMs, undefined, { signal, ref: false }).catch(() => {})
    }
  }

  async #look(): Promise<void> {
    if (this.#recorded.size === 0 && this.#patterns.size === 0 && !this.#mayRecord()) return
    const targets = await this.#targets.list()
    const here = new Set(targets.map(keyOf))
    for (const key of this.#patterns.keys()) if (!here.has(key)) this.#patterns.delete(key)
    for (const key of this.#failures.keys()) if (!here.has(key)) this.#failures.delete(key)
    const gone = [...this.#recorded.keys()].filter((key) => !here.has(key))
    await Promise.all(gone.map((key) => this.#end(key)))
    await Promise.all(targets.map((target) => this.#ensure(target)))
  }

  #mayRecord(): boolean {
    return this.options.continuous || this.options.continuousTargets
  }

  /** Starts or ends the chain of the target, as is wanted now. */
  async #ensure(target: Target): Promise<void> {
    const key = keyOf(target)
    const hz = this.#wantedHz(target)
    const recorded = this.#recorded.get(key)
    if (recorded?.hz === hz || this.#ending.signal.aborted) return
    if (recorded !== undefined) await this.#end(key)
    if (this.#recorded.has(key)) return
    const failure = this.#failures.get(key)
    if (hz === 0 || (failure !== undefined && performance.now() < failure.untilMs)) return
    await this.#begin(target, hz)
  }

  /** 0: not at all. */
  #wantedHz(target: Target): number {
    if (target.kind === 'self') return 0
    const isContinuous =
      this.#targets.isOptedIn(target) && (target.recordContinuous ?? this.options.continuous)
    const pattern = this.#patterns.get(keyOf(target))
    const isScraped = this.options.scraped && pattern?.isRegular(Date.now())
    return Math.max(isContinuous ? this.options.hz : 0, isScraped ? (pattern?.hz ?? 0) : 0)
  }

  async #begin(target: Target, hz: number): Promise<void> {
    const key = keyOf(target)
    const { keepSeconds, maxBytes } = this.options
    const ring = new RoundRing({ maxAgeMs: keepSeconds * 1000, maxBytes })
    const chain = this.#start(target, hz, ring)
    const recorded: Recorded = { ring, chain, hz }
    this.#recorded.set(key, recorded)
    try {
      const running = await chain
      recorded.running = running
      this.#failures.delete(key)
      this.#events.onStart(target, hz, running.startPauseMs)
      void running.ended.then((reason) => this.#ended(target, recorded, reason))
    } catch (error) {
      this.#ended(target, recorded, error)
    }
  }

  async #start(target: Target, hz: number, ring: RoundRing): Promise<CpuChain> {
    this.#targets.checkAllowed(target, 'profile')
    await refuseLongPause(this.#targets, target, 'starting the profiler', this.options.maxPauseMs)
    const outer = await this.#targets.attach(target)
    const isInner = this.options.door === 'closed' && outer.openedByUs
    const attachment = isInner ? await innerSession(this.#targets, outer) : outer
    return CpuChain.start(this.#targets, attachment, {
      isInner,
      hz,
      windowMs,
      onRound: (round) => ring.add(round),
    })
  }

  #ended(target: Target, recorded: Recorded, reason: unknown): void {
    const key = keyOf(target)
    if (this.#recorded.get(key) !== recorded) return
    this.#recorded.delete(key)
    const waitMs = Math.min(maxRetryMs, (this.#failures.get(key)?.waitMs ?? firstRetryMs / 2) * 2)
    this.#failures.set(key, { waitMs, untilMs: performance.now() + waitMs })
    this.#events.onEnd(target, reason)
  }

  async #end(key: string): Promise<void> {
    const recorded = this.#recorded.get(key)
    this.#recorded.delete(key)
    const chain = await recorded?.chain.catch(() => undefined)
    await chain?.close()
  }
}

function keyOf({ id, instance }: Target): string {
  return instance === '' ? id : instance
}

function notRecorded({ id }: Target): CaptureError {
  return new CaptureError(
    'not-recorded',
    `nothing was recorded of ${id} before this request: set record.continuous in the configuration, for all targets or for this one`,
  )
}
