/** The CPU profiles of a process's main thread and workers in windows, also of workers that start meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Session } from '../inspector/session.ts'
import { type Worker, WorkerSessions } from '../inspector/worker-sessions.ts'
import { ProfileWindows } from './profile-windows.ts'

export interface CpuThreadsOptions {
  readonly samplingIntervalUs: number
  readonly mainThreadOnly?: boolean | undefined
  /** Called before a thread's profiler is started. */
  readonly onThread?: ((thread: Omit<Worker, 'url'>) => void) | undefined
  /** Called when a worker's profiler runs. */
  readonly onWorkerStarted?: ((worker: Worker) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** What ended at the same time in all threads. */
export interface ThreadWindows {
  /** Main first, then by name: the JSON text of V8's Profiler.Profile. A worker may have two, in order, or none. */
  readonly threads: readonly { readonly thread: string; readonly profileJson: Uint8Array }[]
  /** Round trip of what ended it in the main thread, and began the next window. */
  readonly pauseMs: number
}

/** Starting walks the target's heap: 840 ms were measured at 800 MB, so tens of GB stay within it. */
const startTimeoutMs = 60_000

/** A 30 s profile of a deep program at 10 kHz took 3.9 s; the transfer comes on top. */
const endTimeoutMs = 120_000

/** A worker that does not answer for so long is left out. */
const workerTimeoutMs = 5000

/**
 * A worker answers within a few ms, and starting takes it as long as a main thread with its heap. One
 * that is in native code joins when it is back: the others do not wait for it.
 */
const togetherMs = 1000

interface WorkerProfiler extends Worker {
  readonly windows: ProfileWindows
  readonly starting: Promise<unknown>
  isRunning: boolean
  /** Windows that nobody has taken yet. */
  readonly ended: Uint8Array[]
  /** While a window ends. */
  ending?: Promise<void> | undefined
}

export class CpuThreads {
  readonly #main: ProfileWindows
  readonly #options: CpuThreadsOptions
  #workers: readonly WorkerProfiler[] = []
  #sessions: WorkerSessions | undefined
  readonly #missing = new Set<string>()
  /** Round trip of the main thread's start: an upper bound of how long it stood still. */
  startPauseMs = 0

  private constructor(session: Session, options: CpuThreadsOptions) {
    this.#main = new ProfileWindows(session)
    this.#options = options
  }

  /** Resolves when the main thread and the workers that answer are being profiled. */
  static async start(session: Session, options: CpuThreadsOptions): Promise<CpuThreads> {
    const threads = new CpuThreads(session, options)
    try {
      await threads.#start(session)
      return threads
    } catch (error) {
      await threads.close()
      throw error
    }
  }

  /** Workers that are being profiled now. */
  get workers(): readonly Worker[] {
    return this.#workers.filter(({ isRunning }) => isRunning)
  }

  /** Ends the windows and begins the next ones. */
  next(): Promise<ThreadWindows> {
    return this.#all(false)
  }

  /** Ends the last windows. */
  end(): Promise<ThreadWindows> {
    return this.#all(true)
  }

  /** Workers that ended, or did not answer, before a profile could be fetched, or even started; each is told once. */
  takeMissing(): readonly string[] {
    const missing = [...this.#missing]
    this.#missing.clear()
    return missing
  }

  /** Lets go of all threads; their profilers are off then. Call it whatever happens. */
  async close(isAnswering = false): Promise<void> {
    const closing = this.#closeWorkers()
    // Of two answers in a row the second waits 40 ms for our delayed ACK: one after the other is
    // faster. But a target that does not answer is waited for once only.
    if (isAnswering) await closing
    await Promise.all([closing, this.#main.close()])
  }

  async #start(session: Session): Promise<void> {
    const { samplingIntervalUs, mainThreadOnly, onThread, signal } = this.#options
    onThread?.({ thread: 'main', session })
    if (!mainThreadOnly) {
      this.#sessions = await WorkerSessions.open(session, {
        commandTimeoutMs: workerTimeoutMs,
        onWorker: (worker) => this.#addWorker(worker),
      })
    }
    const starting = this.#main.start(samplingIntervalUs, { timeoutMs: startTimeoutMs, signal })
    const workers = Promise.allSettled(this.#workers.map(({ starting }) => starting))
    const [startPauseMs] = await Promise.all([
      starting,
      Promise.race([workers, atMost(togetherMs)]),
    ])
    this.startPauseMs = startPauseMs
  }

  #addWorker(worker: Worker): void {
    this.#options.onThread?.(worker)
    const windows = new ProfileWindows(worker.session)
    const starting = windows.start(this.#options.samplingIntervalUs, {})
    const profiler: WorkerProfiler = { ...worker, windows, starting, isRunning: false, ended: [] }
    this.#workers = [...this.#workers, profiler]
    const begun = () => {
      profiler.isRunning = true
      this.#options.onWorkerStarted?.(worker)
    }
    // Said at the end: a worker that is gone again is no failure of the capture.
    starting.then(begun, () => {})
  }

  async #all(isLast: boolean): Promise<ThreadWindows> {
    const startedMs = performance.now()
    const command = { timeoutMs: endTimeoutMs, signal: this.#options.signal }
    const ending = isLast ? this.#main.end(command) : this.#main.next(command)
    let pauseMs = 0
    const main = ending.finally(() => {
      pauseMs = performance.now() - startedMs
    })
    const workers = Promise.all(this.#workers.map((worker) => endWindow(worker, isLast)))
    // One in native code hands its window over with the next ones; at the end it is waited for.
    const others = isLast ? workers : Promise.race([workers, atMost(togetherMs)])
    const [profileJson] = await Promise.all([main, others])
    const threads = this.#workers.flatMap(({ thread, ended }) =>
      ended.splice(0).map((profileJson) => ({ thread, profileJson })),
    )
    const isHere = new Set(threads.map(({ thread }) => thread))
    for (const { thread } of this.#workers) {
      if (isLast && !isHere.has(thread)) this.#missing.add(thread)
    }
    this.#forgetEnded()
    threads.sort((a, b) => a.thread.localeCompare(b.thread))
    return { threads: [{ thread: 'main', profileJson }, ...threads], pauseMs }
  }

  /** A chain sees many come and go. */
  #forgetEnded(): void {
    for (const { thread, session } of this.#workers) {
      if (session.isClosed) this.#missing.add(thread)
    }
    this.#workers = this.#workers.filter(({ session }) => !session.isClosed)
  }

  /** What was begun by `console.profile` may be on in other sessions, too, so it is not left to the session's end. */
  async #closeWorkers(): Promise<void> {
    const open = this.#workers.filter(({ isRunning, windows }) => isRunning && windows.usesConsole)
    await Promise.all(open.map(({ windows }) => windows.close()))
    await this.#sessions?.close()
  }
}

/** What comes of it is in the worker's `ended`. */
async function endWindow(worker: WorkerProfiler, isLast: boolean): Promise<void> {
  if (!worker.isRunning) return
  const { windows, ended } = worker
  const end = async (isEnd: boolean) => {
    ended.push(await (isEnd ? windows.end({}) : windows.next({})))
  }
  try {
    const before = worker.ending
    worker.ending ??= end(isLast)
    await worker.ending
    worker.ending = undefined
    if (isLast && before !== undefined) await end(true)
  } catch {
    // It is gone, or does not answer.
    worker.isRunning = false
  }
}

async function atMost(durationMs: number): Promise<void> {
  await sleep(durationMs, undefined, { ref: false })
}
