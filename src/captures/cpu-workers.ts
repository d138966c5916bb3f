/** Profiles of all worker threads of a process, also of those that start while it is recorded. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Session } from '../inspector/session.ts'
import { type Worker, WorkerSessions } from '../inspector/worker-sessions.ts'
import type { ThreadRecording } from './cpu-recording.ts'
import { startProfiler, stopProfiler } from './cpu-thread.ts'

export interface WorkerProfiles {
  readonly threads: readonly ThreadRecording[]
  /** Workers that ended, or did not answer, before their profile could be fetched, or even started. */
  readonly missing: readonly string[]
}

interface WorkerProfiler extends Worker {
  readonly starting: Promise<unknown>
  isRunning: boolean
}

/**
 * A worker answers within a few ms, and starting takes it as long as a main thread with its heap. One
 * that is in native code joins when it is back: the others do not wait for it.
 */
const startedTogetherMs = 1000

/** Before a worker's profiler is started, and when it runs. */
export interface WorkerListeners {
  readonly onWorker?: (worker: Worker) => void
  readonly onStarted?: (worker: Worker) => void
}

export class CpuWorkers {
  readonly #profilers: WorkerProfiler[] = []
  readonly #sessions: WorkerSessions

  constructor(sessions: WorkerSessions, profilers: WorkerProfiler[]) {
    this.#sessions = sessions
    this.#profilers = profilers
  }

  static async start(
    session: Session,
    samplingIntervalUs: number,
    commandTimeoutMs: number,
    { onWorker, onStarted }: WorkerListeners = {},
  ): Promise<CpuWorkers> {
    const profilers: WorkerProfiler[] = []
    const sessions = await WorkerSessions.open(session, {
      commandTimeoutMs,
      onWorker: (worker) => {
        onWorker?.(worker)
        const starting = startProfiler(worker.session, samplingIntervalUs, {})
        const profiler = { ...worker, starting, isRunning: false }
        profilers.push(profiler)
        const begun = () => {
          profiler.isRunning = true
          onStarted?.(worker)
        }
        // Reported by `stop`: a worker that is gone again is no failure of the capture.
        starting.then(begun, () => {})
      },
    })
    return new CpuWorkers(sessions, profilers)
  }

  /** Resolves when the workers that run already are being profiled, or cannot be for now. */
  async started(): Promise<void> {
    const all = Promise.allSettled(this.#profilers.map(({ starting }) => starting))
    await Promise.race([all, sleep(startedTogetherMs, undefined, { ref: false })])
  }

  async stop(pid: number): Promise<WorkerProfiles> {
    const threads: ThreadRecording[] = []
    const missing: string[] = []
    await Promise.all(
      this.#profilers.map(async ({ thread, session, isRunning }) => {
        if (!isRunning) return missing.push(thread)
        try {
          const { profileJson } = await stopProfiler(session, {})
          return threads.push({ pid, thread, profileJson })
        } catch {
          return missing.push(thread)
        }
      }),
    )
    return { threads: threads.sort((a, b) => a.thread.localeCompare(b.thread)), missing }
  }

  /** Lets go of the workers; their profilers are off then. */
  close(): Promise<void> {
    return this.#sessions.close()
  }
}
