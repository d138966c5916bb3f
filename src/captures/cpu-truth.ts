/** What is watched beside V8's sampler, to tell where its samples do not say what happened. */
import type { Session } from '../inspector/session.ts'
import type { Worker } from '../inspector/worker-sessions.ts'
import type { Target } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'
import { askThreadId } from './ask-thread-id.ts'
import type { NativeThreads, ThreadRecording } from './cpu-recording.ts'
import { RunningChecks } from './running-checks.ts'
import { type ClockOptions, ThreadClocks } from './thread-clocks.ts'

/** A worker that does not say in this time which thread it is has no CPU time in the profile. */
const identifyMs = 2000

export interface TruthOptions extends ClockOptions {
  /** Whether busy threads are asked what they run. (default: true) */
  readonly hasChecks?: boolean
}

export class CpuTruth {
  readonly #targets: Targets
  readonly #target: Target
  readonly #options: TruthOptions
  readonly #early: Worker[] = []
  #clocks: ThreadClocks | undefined
  #checks: RunningChecks | undefined
  #isStopped = false
  /** Workers that have not said yet which thread they are. */
  #unknown = 0

  /** `clockPeriodMs`: how often the threads' clocks are read. (default: 50) */
  constructor(targets: Targets, target: Target, options: TruthOptions = {}) {
    this.#targets = targets
    this.#target = target
    this.#options = options
  }

  async start(main: Session): Promise<void> {
    this.#clocks = await ThreadClocks.start(this.#targets, this.#target, this.#options)
    if (this.#clocks === undefined) return
    if (this.#options.hasChecks === false) return
    this.#checks = new RunningChecks(this.#clocks)
    // pprofd itself answers in the thread that would wait for the answer.
    if (this.#target.kind !== 'self') this.#checks.watch('main', main)
    for (const worker of this.#early.splice(0)) this.addWorker(worker)
  }

  /** Call it when the worker is being profiled. */
  addWorker(worker: Worker): void {
    if (this.#isStopped) return
    if (this.#clocks === undefined) this.#early.push(worker)
    else void this.#follow(worker, this.#clocks).catch(() => {})
  }

  /** Asks no thread any more; what the threads without JavaScript have used until now. */
  async stopChecks(): Promise<readonly NativeThreads[] | undefined> {
    this.#isStopped = true
    await this.#checks?.stop()
    return this.#clocks?.nativeThreads(this.#unknown === 0)
  }

  /** Call it whatever happens, after the profilers were stopped. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all([this.#checks?.stop(), this.#clocks?.stop()])
  }

  of(thread: string): Pick<ThreadRecording, 'cpuTimes' | 'checks'> {
    return { cpuTimes: this.#clocks?.timesOf(thread), checks: this.#checks?.of(thread) }
  }

  async #follow({ thread, session }: Worker, clocks: ThreadClocks): Promise<void> {
    this.#unknown++
    const tid = await askThreadId(session, { timeoutMs: identifyMs })
    if (tid === undefined || this.#isStopped) return
    await clocks.follow(thread, tid)
    this.#unknown--
    this.#checks?.watch(thread, session)
  }
}
