/**
 * One target recorded without an end: a chain of CPU windows in one session, so that V8 walks the heap only
 * once, at its start. Whatever was recorded is cut at the same moment in all threads.
 */
import { EventEmitter } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { captureFailure } from '../captures/attached.ts'
import type { CpuRecording } from '../captures/cpu-recording.ts'
import { CpuThreads } from '../captures/cpu-threads.ts'
import { CpuTruth } from '../captures/cpu-truth.ts'
import { type LoopFigures, readLoopFigures } from '../captures/loop-figures.ts'
import { recordedTarget } from '../captures/recorded-target.ts'
import { CaptureError } from '../errors.ts'
import type { Attachment, Target } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'
import { type CpuRound, joinRounds } from './cpu-round.ts'
import type { LiveFigures } from './live-figures.ts'

export interface ChainOptions {
  /** Samples a second of each thread. */
  readonly hz: number
  /** From one cut to the next, where nobody wants one earlier. */
  readonly windowMs: number
  /** The session is served by the target's own event loop: it has no workers, and no look at what blocks it. */
  readonly isInner?: boolean | undefined
  /** Called at each cut with what was recorded since the last one; the next one waits for it. */
  readonly onRound: (round: CpuRound) => Promise<void>
}

/** What the main thread said of itself at a cut, and the cut before. */
interface Said {
  readonly figures: LoopFigures
  readonly atMs: number
  readonly before: LoopFigures | undefined
}

/** The kernel's clocks of the threads are read so often; a request of its own has them every 50 ms. */
const clockPeriodMs = 200

/** A main thread that does not answer in this time has no figures for now. */
const figuresTimeoutMs = 1000

export class CpuChain {
  readonly target: Target
  readonly hz: number
  /** Round trip of the start, which walks the target's heap. */
  readonly startPauseMs: number
  /** Settles when the target is as it was before: with the reason, where it was not ended here. */
  readonly ended: Promise<unknown>
  readonly #targets: Targets
  readonly #attachment: Attachment
  readonly #threads: CpuThreads
  readonly #options: ChainOptions
  readonly #stopping: AbortController
  readonly #events = new EventEmitter<{ round: [CpuRound]; over: [] }>()
  readonly #cuts: Cut[] = []
  #reason: unknown
  #isOver = false
  #wake = () => {}
  #truth: CpuTruth
  #startedAtMs = Date.now()
  #said: Said | undefined

  private constructor(
    targets: Targets,
    attachment: Attachment,
    options: ChainOptions,
    started: Started,
  ) {
    this.#targets = targets
    this.#attachment = attachment
    this.#options = options
    this.#threads = started.threads
    this.#truth = started.truth
    this.#stopping = started.stopping
    this.target = attachment.target
    this.hz = options.hz
    this.startPauseMs = started.threads.startPauseMs
    // As many as requests that wait.
    this.#events.setMaxListeners(0)
    void attachment.session.closed.then(() => this.#wake())
    this.ended = this.#run()
      .catch((error) => captureFailure(this.target, error, undefined))
      .then((reason) => this.#over(reason))
  }

  /** @throws {TargetError} as `Targets.attach`; {InspectorError} where the profiler does not start. */
  static async start(
    targets: Targets,
    attachment: Attachment,
    options: ChainOptions,
  ): Promise<CpuChain> {
    const truth = newTruth(targets, attachment, options)
    const stopping = new AbortController()
    try {
      const threads = await CpuThreads.start(attachment.session, {
        samplingIntervalUs: intervalUs(options.hz),
        mainThreadOnly: options.isInner,
        signal: stopping.signal,
        onWorkerStarted: (worker) => truth.addWorker(worker),
      })
      await truth.start(attachment.session)
      return new CpuChain(targets, attachment, options, { threads, truth, stopping })
    } catch (error) {
      await truth.stop()
      await attachment.detach({ forGood: true })
      throw error
    }
  }

  /** What the target said of itself at the last cut. */
  get figures(): LiveFigures | undefined {
    if (this.#said === undefined) return undefined
    const { figures, before, atMs } = this.#said
    const { usedHeapBytes, takenHeapBytes, heapLimitBytes, activeMs, idleMs } = figures
    const loop = { loopActiveMs: activeMs, loopIdleMs: idleMs }
    const ageMs = performance.now() - atMs
    const heap = { usedHeapBytes, takenHeapBytes, heapLimitBytes }
    return { ageMs, ...heap, ...loop, loopUtilization: utilization(figures, before) }
  }

  /** Resolves when all until now has been handed over. @throws what the chain ended of. */
  cut(): Promise<CpuRound> {
    return new Promise((resolve, reject) => {
      if (this.#isOver) return reject(this.#reason)
      this.#cuts.push({ resolve, reject })
      this.#wake()
    })
  }

  /**
   * What happens from now on.
   * @throws {CaptureError} capture-aborted; what the chain ended of.
   */
  async record(durationMs: number, signal?: AbortSignal): Promise<CpuRecording> {
    const { pauseMs: startPauseMs } = await this.cut()
    const rounds: CpuRound[] = []
    const take = (round: CpuRound) => void rounds.push(round)
    this.#events.on('round', take)
    try {
      await this.#wait(durationMs, signal)
      await this.cut()
      return this.join(rounds, durationMs, startPauseMs)
    } catch (error) {
      throw captureFailure(this.target, error, signal)
    } finally {
      this.#events.off('round', take)
    }
  }

  join(rounds: readonly CpuRound[], askedDurationMs: number, startPauseMs = 0): CpuRecording {
    return joinRounds(rounds, {
      target: recordedTarget(this.#attachment),
      askedDurationMs,
      askedHz: this.hz,
      samplingIntervalUs: intervalUs(this.hz),
      openedInspector: this.#attachment.openedByUs,
      startPauseMs,
    })
  }

  /** Resolves when the target is as before. */
  async close(): Promise<void> {
    this.#stopping.abort()
    this.#wake()
    await this.ended
  }

  async #run(): Promise<undefined> {
    let isAnswering = false
    try {
      while (!this.#stopping.signal.aborted) {
        isAnswering = false
        if (this.#cuts.length === 0) await this.#windowTime()
        // Those that come from now on want what is still to happen.
        const count = this.#cuts.length
        const round = await this.#next()
        isAnswering = true
        await this.#options.onRound(round)
        this.#events.emit('round', round)
        for (const { resolve } of this.#cuts.splice(0, count)) resolve(round)
      }
    } finally {
      await this.#truth.stop()
      await this.#threads.close(isAnswering)
      await this.#attachment.detach({ forGood: true })
    }
  }

  /** Until a window is full, somebody wants a cut, or it is over. */
  async #windowTime(): Promise<void> {
    const ending = new AbortController()
    this.#wake = () => ending.abort()
    if (this.#stopping.signal.aborted || this.#attachment.session.isClosed) return
    const { windowMs } = this.#options
    await sleep(windowMs, undefined, { signal: ending.signal, ref: false }).catch(() => {})
    this.#wake = () => {}
  }

  /** Until the time is up, the chain ends, or whoever waits gives up. */
  async #wait(durationMs: number, signal: AbortSignal | undefined): Promise<void> {
    const ending = new AbortController()
    const end = () => ending.abort()
    if (signal?.aborted) end()
    signal?.addEventListener('abort', end)
    this.#events.on('over', end)
    await sleep(durationMs, undefined, { signal: ending.signal, ref: false }).catch(() => {})
    this.#events.off('over', end)
    signal?.removeEventListener('abort', end)
    signal?.throwIfAborted()
  }

  #over(reason: unknown): unknown {
    this.#isOver = true
    this.#reason = this.#stopping.signal.aborted || !reason ? endedError(this.target) : reason
    for (const { reject } of this.#cuts.splice(0)) reject(this.#reason)
    this.#events.emit('over')
    return reason
  }

  async #next(): Promise<CpuRound> {
    const { target, session } = this.#attachment
    const truth = this.#truth
    const nativeThreads = await truth.stopChecks()
    const { threads, pauseMs } = await this.#threads.next()
    await truth.stop()
    const startedAtMs = this.#startedAtMs
    const endedAtMs = Date.now()
    this.#startedAtMs = endedAtMs
    this.#truth = newTruth(this.#targets, this.#attachment, this.#options)
    await this.#truth.start(session)
    for (const worker of this.#threads.workers) this.#truth.addWorker(worker)
    await this.#readFigures()
    return {
      startedAtMs,
      endedAtMs,
      threads: threads.map((thread) => ({
        pid: target.pid,
        ...thread,
        ...truth.of(thread.thread),
      })),
      nativeThreads,
      missing: this.#threads.takeMissing(),
      pauseMs,
    }
  }

  async #readFigures(): Promise<void> {
    const { session } = this.#attachment
    const figures = await readLoopFigures(session, { timeoutMs: figuresTimeoutMs }).catch(() => {})
    if (figures) this.#said = { figures, atMs: performance.now(), before: this.#said?.figures }
  }
}

interface Started {
  readonly stopping: AbortController
  readonly threads: CpuThreads
  readonly truth: CpuTruth
}

interface Cut {
  readonly resolve: (round: CpuRound) => void
  readonly reject: (reason: unknown) => void
}

function newTruth(targets: Targets, { target }: Attachment, { isInner }: ChainOptions): CpuTruth {
  return new CpuTruth(targets, target, { clockPeriodMs, hasChecks: !isInner })
}

/** The share of time in which the loop worked since the cut before. */
function utilization(now: LoopFigures, before: LoopFigures | undefined): number | undefined {
  const activeMs = (now.activeMs ?? Number.NaN) - (before?.activeMs ?? 0)
  const idleMs = (now.idleMs ?? Number.NaN) - (before?.idleMs ?? 0)
  const share = activeMs / (activeMs + idleMs)
  return Number.isNaN(share) ? undefined : share
}

function intervalUs(hz: number): number {
  return Math.round(1_000_000 / hz)
}

function endedError({ id }: Target): CaptureError {
  return new CaptureError('capture-aborted', `the recording of ${id} was ended`)
}
