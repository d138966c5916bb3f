/**
 * Watching where a target spends its time, for as long as somebody looks: one attachment, and in each
 * thread a chain of short CPU windows in one session. Only the first start walks the heap: see
 * profile-windows.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Session } from '../inspector/session.ts'
import { WorkerSessions } from '../inspector/worker-sessions.ts'
import type { Attachment, Target } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'
import { askThreadId } from './ask-thread-id.ts'
import { type CaptureControl, withAttachment } from './attached.ts'
import type { RunningCheck } from './cpu-recording.ts'
import { cpuWindows } from './cpu-windows.ts'
import { type LoopFigures, readLoopFigures } from './loop-figures.ts'
import { type RecordedTarget, recordedTarget } from './recorded-target.ts'
import { refuseLongPause } from './refuse-long-pause.ts'
import { askWhatRuns } from './running-checks.ts'

export interface TopOptions extends CaptureControl {
  /** Samples a second of each thread, 1 to 1000. */
  readonly hz: number
  /** Refuse when the pause is estimated to be longer; undefined: no limit. */
  readonly maxPauseMs?: number | undefined
  /** Ends it. */
  readonly end: AbortSignal
  readonly onStart: (start: TopStart) => void
  readonly onThread: (thread: TopThread) => void
  /** A thread is sampled on when this has settled. Resolves to whether it never rested in that window. */
  readonly onWindow: (window: TopWindow) => Promise<boolean>
  readonly onThreadEnd: (thread: string) => void
}

export interface TopStart {
  readonly target: RecordedTarget
  readonly samplingIntervalUs: number
  readonly attachMs: number
  readonly openedInspector: boolean
}

export interface TopThread {
  /** `main`, or a worker as WorkerSessions calls it. */
  readonly thread: string
  /** The kernel's id of the thread, as the target's own pid namespace has it; undefined where unknown. */
  readonly tid: number | undefined
  /** Round trip of the profiler's start: an upper bound of how long the thread stood still for it. */
  readonly startPauseMs: number
}

export interface TopWindow {
  readonly thread: string
  /** The JSON text of V8's Profiler.Profile. */
  readonly profileJson: Uint8Array
  /** What the thread said that it runs, where it had not rested in the window before. */
  readonly checks: readonly RunningCheck[]
  /** Round trip of what ended the window. */
  readonly pauseMs: number
  readonly figures: LoopFigures
}

/** A window's end costs the target 1 to 5 ms, so it is not shorter. */
export const topWindowMs = 1000

/** Starting walks the target's heap: 840 ms were measured at 800 MB, so tens of GB stay within it. */
const startTimeoutMs = 60_000

/** A thread in native code answers when it is back: whoever looks decides how long that is waited for. */
const blockedTimeoutMs = 24 * 3600 * 1000

/** A worker says that it is there within a few ms. */
const workerTimeoutMs = 5000

/** Two answers that agree are enough to repair a window; see running-checks.ts. */
const checksOfWindow = 2

/**
 * Attaches, watches until `end` fires and detaches; the target is restored whatever happens.
 * @throws {CaptureError} capture-aborted when the signal fired, pause-too-long.
 * @throws {TargetError} as `Targets.attach`, target-forbidden, and target-vanished when the process ended meanwhile.
 */
export function watchTop(targets: Targets, target: Target, options: TopOptions): Promise<void> {
  const beforehand = () =>
    refuseLongPause(targets, target, 'starting the profiler', options.maxPauseMs)
  return withAttachment(
    targets,
    target,
    { ...options, kind: 'profile', beforehand },
    (attachment) => new Watch(attachment, options).run(),
  )
}

class Watch {
  readonly #attachment: Attachment
  readonly #options: TopOptions
  readonly #samplingIntervalUs: number
  readonly #stopped = new AbortController()
  readonly #threads = new Set<Promise<void>>()

  constructor(attachment: Attachment, options: TopOptions) {
    this.#attachment = attachment
    this.#options = options
    this.#samplingIntervalUs = Math.round(1_000_000 / options.hz)
  }

  async run(): Promise<void> {
    const { session, attachMs, openedByUs: openedInspector } = this.#attachment
    const { end, signal, onStart, onPhase } = this.#options
    const samplingIntervalUs = this.#samplingIntervalUs
    const target = recordedTarget(this.#attachment)
    onStart({ target, samplingIntervalUs, attachMs, openedInspector })
    let workers: WorkerSessions | undefined
    const stop = () => this.#stopped.abort()
    for (const one of [end, signal]) one?.addEventListener('abort', stop)
    if (end.aborted || signal?.aborted) stop()
    try {
      workers = await this.#openWorkers(session)
      onPhase?.('recording')
      await this.#watch('main', session)
    } finally {
      stop()
      for (const one of [end, signal]) one?.removeEventListener('abort', stop)
      onPhase?.('stopping')
      await Promise.all(this.#threads)
      await workers?.close()
    }
    signal?.throwIfAborted()
  }

  /** pprofd itself has workers, which are left alone. */
  async #openWorkers(session: Session): Promise<WorkerSessions | undefined> {
    if (this.#attachment.target.kind === 'self') return undefined
    return WorkerSessions.open(session, {
      commandTimeoutMs: workerTimeoutMs,
      onWorker: ({ thread, session }) => {
        // A worker that ends, or does not answer, ends the looking at it.
        const watching = this.#watch(thread, session)
          .catch(() => {})
          .finally(() => this.#options.onThreadEnd(thread))
        this.#threads.add(watching)
        void watching.finally(() => this.#threads.delete(watching))
      },
    })
  }

  /** Resolves when it is to end. */
  async #watch(thread: string, session: Session): Promise<void> {
    const { signal } = this.#stopped
    const { onThread, onWindow } = this.#options
    try {
      const patient = { timeoutMs: blockedTimeoutMs, signal }
      const tid = await askThreadId(session, patient)
      let checking = Promise.resolve<readonly RunningCheck[]>([])
      const windows = cpuWindows(session, {
        samplingIntervalUs: this.#samplingIntervalUs,
        windowMs: topWindowMs,
        end: signal,
        signal,
        startTimeoutMs,
        endTimeoutMs: blockedTimeoutMs,
        onStart: (startPauseMs) => onThread({ thread, tid, startPauseMs }),
      })
      for await (const { profileJson, endPauseMs: pauseMs } of windows) {
        const checks = await checking
        const figures = await readLoopFigures(session, patient)
        const isRestless = await onWindow({ thread, profileJson, checks, pauseMs, figures })
        checking = isRestless ? this.#check(session) : Promise.resolve([])
      }
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  async #check(session: Session): Promise<readonly RunningCheck[]> {
    const { signal } = this.#stopped
    const checks: RunningCheck[] = []
    for (let asked = 0; asked < checksOfWindow && !signal.aborted; asked++) {
      await sleep(topWindowMs / (checksOfWindow + 1), undefined, { signal, ref: false }).catch(
        () => {},
      )
      const check = await askWhatRuns(session, signal).catch(() => undefined)
      if (check) checks.push(check)
    }
    return checks
  }
}
