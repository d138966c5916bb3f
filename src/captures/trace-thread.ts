/** The threads of a traced process: the main one, the workers that run, and those that start meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { CommandOptions, Session } from '../inspector/session.ts'
import { type Worker, WorkerSessions } from '../inspector/worker-sessions.ts'
import { askThreadId } from './ask-thread-id.ts'
import { ProfileWindows } from './profile-windows.ts'

/** One thread's part of a window. */
export interface ThreadWindow {
  /** `main`, or a worker as WorkerSessions calls it. */
  readonly thread: string
  /** The kernel's id of the thread, as the target's own pid namespace has it; undefined where unknown. */
  readonly tid: number | undefined
  /** The JSON text of V8's Profiler.Profile, as the target sent it. */
  readonly profileJson: Uint8Array
}

/** A worker that is in native code joins when it is back: the others do not wait for it. */
const startedTogetherMs = 1000

/** A worker that does not answer for so long is left out of the window. */
const workerTimeoutMs = 5000

export class TracedThread {
  readonly thread: string
  readonly #session: Session
  readonly #windows: ProfileWindows
  #tid: number | undefined
  #isRunning = false

  constructor(thread: string, session: Session) {
    this.thread = thread
    this.#session = session
    this.#windows = new ProfileWindows(session)
  }

  get isRunning(): boolean {
    return this.#isRunning
  }

  /** Resolves to the round trip of the profiler's start in ms. */
  async start(samplingIntervalUs: number, options: CommandOptions): Promise<number> {
    this.#tid = await askThreadId(this.#session, options)
    const pauseMs = await this.#windows.start(samplingIntervalUs, options)
    this.#isRunning = true
    return pauseMs
  }

  async window(isLast: boolean, options: CommandOptions): Promise<ThreadWindow> {
    const profileJson = await (isLast ? this.#windows.end(options) : this.#windows.next(options))
    return { thread: this.thread, tid: this.#tid, profileJson }
  }

  close(): Promise<void> {
    this.#isRunning = false
    return this.#windows.close()
  }
}

export class TracedWorkers {
  /** Those that ended, or did not answer, before all of it could be fetched. */
  readonly missing = new Set<string>()
  readonly #sessions: WorkerSessions
  readonly #workers: Set<TracedThread>
  readonly #starting: Set<Promise<unknown>>

  constructor(sessions: WorkerSessions, workers: Set<TracedThread>, starting: Set<Promise<void>>) {
    this.#sessions = sessions
    this.#workers = workers
    this.#starting = starting
  }

  /** `onStart` hears of every worker, also of those that run already. */
  static async open(
    session: Session,
    samplingIntervalUs: number,
    onStart: () => void,
  ): Promise<TracedWorkers> {
    const workers = new Set<TracedThread>()
    const starting = new Set<Promise<void>>()
    const onWorker = (worker: Worker) => {
      onStart()
      const traced = new TracedThread(worker.thread, worker.session)
      workers.add(traced)
      // Without an answer it is missing when its window is to be fetched.
      const started = traced.start(samplingIntervalUs, {}).then(
        () => {},
        () => {},
      )
      starting.add(started)
    }
    const commandTimeoutMs = workerTimeoutMs
    const sessions = await WorkerSessions.open(session, { commandTimeoutMs, onWorker })
    return new TracedWorkers(sessions, workers, starting)
  }

  /** Resolves when the workers that run already are being profiled, or cannot be for now. */
  async started(): Promise<void> {
    const late = sleep(startedTogetherMs, undefined, { ref: false })
    await Promise.race([Promise.all(this.#starting), late])
  }

  async windows(isLast: boolean): Promise<readonly ThreadWindow[]> {
    const windows: ThreadWindow[] = []
    await Promise.all(
      [...this.#workers].map(async (worker) => {
        if (!worker.isRunning) {
          if (isLast) this.missing.add(worker.thread)
          return
        }
        try {
          windows.push(await worker.window(isLast, {}))
        } catch {
          this.missing.add(worker.thread)
          this.#workers.delete(worker)
        }
      }),
    )
    return windows.sort((a, b) => a.thread.localeCompare(b.thread))
  }

  /** Lets go of the workers; their profilers are off then. */
  async close(): Promise<void> {
    const running = [...this.#workers].filter(({ isRunning }) => isRunning)
    await Promise.all(running.map((worker) => worker.close()))
    await this.#sessions.close()
  }
}
