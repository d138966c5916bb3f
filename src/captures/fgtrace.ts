/**
 * A timeline of everything: what each thread runs, by chained CPU profiles, and what it waits for, by
 * looks as often as the target and pprofd can bear.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Session } from '../inspector/session.ts'
import { WorkerSessions } from '../inspector/worker-sessions.ts'
import type { Attachment, Target } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'
import { type CaptureControl, withAttachment } from './attached.ts'
import { cpuWindows } from './cpu-windows.ts'
import { FgtraceLooks } from './fgtrace-looks.ts'
import type { FgtraceSink, FgtraceStart, FgtraceTotals } from './fgtrace-sink.ts'
import { monotonicUs } from './monotonic-time.ts'
import { recordedTarget } from './recorded-target.ts'
import { refuseLongPause } from './refuse-long-pause.ts'

export interface FgtraceOptions extends CaptureControl {
  readonly durationMs: number
  /** Samples of each thread a second, and most looks at what it waits for. */
  readonly hz: number
  /** Show the query of URLs, which may hold secrets. */
  readonly withQuery: boolean
  /** Most bytes of its heaps that may be read at once for suspended functions. */
  readonly maxHeapBytes: number
  /** Refuse when the pause is estimated to be longer; undefined: no limit. */
  readonly maxPauseMs?: number | undefined
  /** Ends the recording early and keeps it. */
  readonly endEarly?: AbortSignal | undefined
  /** Called when the profilers are on. */
  readonly sink: (start: FgtraceStart) => FgtraceSink
}

export interface FgtraceRecording extends FgtraceStart, FgtraceTotals {}

/** So long nothing is seen of a thread; to end a window takes 1 to 6 ms. */
const windowMs = 1000

/** As for a CPU profile, see cpu.ts. */
const startTimeoutMs = 60_000
const endTimeoutMs = 120_000

/** How long workers that are in native code are waited for, at the start and at the end. */
const startedTogetherMs = 1000
const endedTogetherMs = 5000

/** A worker answers commands within a few ms. */
const workerTimeoutMs = 5000

/**
 * Attaches, records and detaches; the target is restored whatever happens.
 * @throws {CaptureError} capture-aborted when the signal fired, pause-too-long.
 * @throws {TargetError} as `Targets.attach`, target-forbidden, and target-vanished when the process ended meanwhile.
 */
export async function recordFgtrace(
  targets: Targets,
  target: Target,
  options: FgtraceOptions,
): Promise<FgtraceRecording> {
  const beforehand = () =>
    refuseLongPause(targets, target, 'starting the profiler', options.maxPauseMs)
  const wish = { ...options, kind: 'fgtrace', beforehand }
  return withAttachment(targets, target, wish, (attachment) => {
    const looks = new FgtraceLooks(targets, { ...options, pid: attachment.target.pid })
    return new Run(attachment, looks, options).record()
  })
}

interface Track {
  readonly thread: string
  /** Its profiler is on, or will not be. */
  readonly started: Promise<void>
  /** Nothing is recorded of it any more, and nothing of ours is in it. */
  readonly done: Promise<void>
}

/** One recording, from its first command to its last. */
class Run {
  readonly #attachment: Attachment
  readonly #looks: FgtraceLooks
  readonly #options: FgtraceOptions
  readonly #samplingIntervalUs: number
  /** The time is up. */
  readonly #end = new AbortController()
  /** Something failed, or nobody waits for it. */
  readonly #giveUp = new AbortController()
  readonly #signal: AbortSignal
  readonly #sink: Promise<FgtraceSink>
  #setSink: (sink: FgtraceSink) => void = () => {}
  #dropSink: (reason: unknown) => void = () => {}
  /** Workers that are being recorded, and those that could not be to their end. */
  readonly #running = new Set<string>()
  readonly #missing: string[] = []
  #windowPauseMs = 0
  #startPauseMs = 0

  constructor(attachment: Attachment, looks: FgtraceLooks, options: FgtraceOptions) {
    this.#attachment = attachment
    this.#looks = looks
    this.#options = options
    this.#samplingIntervalUs = Math.round(1_000_000 / options.hz)
    const { signal } = this.#giveUp
    this.#signal = options.signal ? AbortSignal.any([options.signal, signal]) : signal
    this.#sink = new Promise((resolve, reject) => {
      this.#setSink = resolve
      this.#dropSink = reject
    })
    this.#sink.catch(() => {})
  }

  async record(): Promise<FgtraceRecording> {
    const { session } = this.#attachment
    const workers: Track[] = []
    let sessions: WorkerSessions | undefined
    // Reading the memory disturbs nobody, so it begins at once.
    const stop = AbortSignal.any([this.#end.signal, this.#signal])
    const all: Promise<unknown>[] = [this.#looks.watchSuspended(this.#sink, stop)]
    try {
      const main = this.#track(session, 'main')
      all.push(main.done)
      sessions = await WorkerSessions.open(session, {
        commandTimeoutMs: workerTimeoutMs,
        onWorker: ({ thread, session: worker }) => {
          const track = this.#track(worker, thread)
          workers.push(track)
          this.#running.add(thread)
          track.done
            .catch(() => this.#missing.push(thread))
            .finally(() => this.#running.delete(thread))
        },
      })
      await Promise.race([main.started, main.done])
      await atMost(
        startedTogetherMs,
        workers.map(({ started }) => started),
      )
      return await this.#recordAll(all, workers)
    } finally {
      this.#giveUp.abort()
      this.#dropSink(this.#giveUp.signal.reason)
      await Promise.allSettled(all)
      await sessions?.close()
      await Promise.allSettled(workers.map(({ done }) => done))
    }
  }

  async #recordAll(
    all: readonly Promise<unknown>[],
    workers: readonly Track[],
  ): Promise<FgtraceRecording> {
    const { durationMs, endEarly, onPhase, sink: newSink } = this.#options
    const { attachMs, openedByUs } = this.#attachment
    const start: FgtraceStart = {
      target: recordedTarget(this.#attachment),
      samplingIntervalUs: this.#samplingIntervalUs,
      startedAtMs: Date.now(),
      startPauseMs: this.#startPauseMs,
      attachMs,
      openedInspector: openedByUs,
    }
    const sink = newSink(start)
    const beganUs = monotonicUs()
    await sink.begin(beganUs)
    this.#setSink(sink)
    onPhase?.('recording')
    const end = () => this.#end.abort()
    const timer = setTimeout(end, durationMs)
    endEarly?.addEventListener('abort', end)
    if (endEarly?.aborted) end()
    try {
      await Promise.all(all)
    } finally {
      clearTimeout(timer)
      endEarly?.removeEventListener('abort', end)
    }
    onPhase?.('stopping')
    await atMost(
      endedTogetherMs,
      workers.map(({ done }) => done),
    )
    const endedUs = monotonicUs()
    const totals: FgtraceTotals = {
      ...this.#looks.totals,
      durationMs: (endedUs - beganUs) / 1000,
      windowPauseMs: this.#windowPauseMs,
      missing: [...this.#missing, ...this.#running],
    }
    await sink.end(endedUs, totals)
    return { ...start, ...totals }
  }

  #track(session: Session, thread: string): Track {
    let start = () => {}
    const started = new Promise<void>((resolve) => {
      start = resolve
    })
    const done = this.#trace(session, thread, start).finally(start)
    // Whoever waits for it hears of it; for workers that is nobody.
    done.catch(() => {})
    return { thread, started, done }
  }

  /** Everything of one thread. */
  async #trace(session: Session, thread: string, onStart: () => void): Promise<void> {
    const windowsEnd = new AbortController()
    const stop = AbortSignal.any([this.#end.signal, this.#signal, windowsEnd.signal])
    let looking: Promise<void> = Promise.resolve()
    const windows = cpuWindows(session, {
      samplingIntervalUs: this.#samplingIntervalUs,
      windowMs,
      end: this.#end.signal,
      signal: this.#signal,
      startTimeoutMs,
      endTimeoutMs,
      onStart: (startPauseMs) => {
        if (thread === 'main') this.#startPauseMs = startPauseMs
        onStart()
        looking = this.#looks.watchThread(session, thread, this.#sink, stop)
        // Awaited below.
        looking.catch(() => {})
      },
    })
    try {
      for await (const window of windows) {
        const sink = await this.#sink
        await sink.window(thread, window)
        this.#windowPauseMs = Math.max(this.#windowPauseMs, window.endPauseMs)
      }
    } catch (error) {
      if (thread !== 'main' && !this.#signal.aborted) {
        const sink = await this.#sink
        await sink.threadEnded(thread, monotonicUs())
      }
      throw error
    } finally {
      windowsEnd.abort()
      await looking
    }
  }
}

/** Waits for all of them, but no longer. */
async function atMost(durationMs: number, work: readonly Promise<unknown>[]): Promise<void> {
  const tooLate = new AbortController()
  const timer = sleep(durationMs, undefined, { signal: tooLate.signal }).catch(() => {})
  await Promise.race([Promise.allSettled(work), timer])
  tooLate.abort()
}
