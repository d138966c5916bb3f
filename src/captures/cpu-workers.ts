/** Profiles of all worker threads of a process, also of those that start while it is recorded. */
import type { Session } from '../inspector/session.ts'
import { type Worker, WorkerSessions } from '../inspector/worker-sessions.ts'
import type { ThreadRecording } from './cpu-recording.ts'
import { startProfiler, stopProfiler } from './cpu-thread.ts'

export interface WorkerProfiles {
  readonly threads: readonly ThreadRecording[]
  /** Workers that ended, or did not answer, before their profile could be fetched. */
  readonly missing: readonly string[]
}

interface WorkerProfiler extends Worker {
  readonly starting: Promise<unknown>
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
  ): Promise<CpuWorkers> {
    const profilers: WorkerProfiler[] = []
    const sessions = await WorkerSessions.open(session, {
      commandTimeoutMs,
      onWorker: (worker) => {
        const starting = startProfiler(worker.session, samplingIntervalUs, {})
        // Reported by `stop`: a worker that is gone again is no failure of the capture.
        starting.catch(() => {})
        profilers.push({ ...worker, starting })
      },
    })
    return new CpuWorkers(sessions, profilers)
  }

  /** Resolves when the workers that run already are being profiled, or cannot be. */
  async started(): Promise<void> {
    await Promise.allSettled(this.#profilers.map(({ starting }) => starting))
  }

  async stop(pid: number): Promise<WorkerProfiles> {
    const threads: ThreadRecording[] = []
    const missing: string[] = []
    await Promise.all(
      this.#profilers.map(async ({ thread, session, starting }) => {
        try {
          await starting
          const { profileJson } = await stopProfiler(session, {})
          threads.push({ pid, thread, profileJson })
        } catch {
          missing.push(thread)
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
