/**
 * Recording what block and mutex profiles are made of: a CPU profile, and what the kernel says of the
 * threads meanwhile.
 */
import type { Session } from '../inspector/session.ts'
import type { Target } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'
import { askThreadId } from './ask-thread-id.ts'
import { type CpuOptions, type ReachedThread, recordCpu } from './cpu.ts'
import type { CpuRecording } from './cpu-recording.ts'
import { monotonicUs } from './monotonic-time.ts'

export interface ContentionRecording extends CpuRecording {
  readonly looks: readonly ThreadLooks[]
  /** On the clock of the looks, in microseconds: the main thread's profiler was started in between. */
  readonly startedBetweenUs: readonly [number, number]
  /** CPU time of this process that watching took. */
  readonly watchCostMs: number
}

export interface ThreadLooks {
  /** As `ThreadRecording.thread`. */
  readonly thread: string
  readonly looks: ReturnType<Watch['looksOf']>
}

export interface ContentionOptions extends Omit<CpuOptions, 'onThread'> {
  /** What is made of it, as the option `profiles` calls it. */
  readonly kind: 'block' | 'mutex'
}

type Watch = ReturnType<Targets['watchThreads']>

/**
 * Looks are cheaper than samples, and two of them tell how long a thread slept in between: 200 a second
 * even where fewer samples are taken. Timers are no finer than a ms.
 */
const maxIntervalMs = 5
const minIntervalMs = 2

/** As `recordCpu`. */
export async function recordContention(
  targets: Targets,
  target: Target,
  options: ContentionOptions,
): Promise<ContentionRecording> {
  const watch = new ThreadsWatch(
    targets,
    Math.max(minIntervalMs, Math.min(maxIntervalMs, 1000 / options.hz)),
  )
  let attachedUs = 0
  let recordingUs = 0
  try {
    const recording = await recordCpu(targets, target, {
      ...options,
      onThread: (thread) => {
        attachedUs ||= monotonicUs()
        watch.add(thread)
      },
      onPhase: (phase) => {
        if (phase === 'recording') recordingUs = monotonicUs()
        // Not earlier: a thread that is in native code stops its profiler when it is back.
        if (phase === 'detaching') watch.stop()
        options.onPhase?.(phase)
      },
    })
    const startedBetweenUs = [attachedUs, recordingUs] as const
    return { ...recording, looks: watch.looks(), startedBetweenUs, watchCostMs: watch.costMs }
  } finally {
    watch.stop()
  }
}

class ThreadsWatch {
  readonly #targets: Targets
  readonly #intervalMs: number
  readonly #tids = new Map<string, number>()
  #watch: Watch | undefined
  #isStopped = false

  constructor(targets: Targets, intervalMs: number) {
    this.#targets = targets
    this.#intervalMs = intervalMs
  }

  get costMs(): number {
    return this.#watch?.costMs ?? 0
  }

  add({ pid, thread, session }: ReachedThread): void {
    this.#watch ??= this.#targets.watchThreads(pid, this.#intervalMs)
    if (thread === 'main') {
      this.#start(thread, pid)
      return
    }
    // A worker that does not say who it is has no looks, which the profile tells.
    void this.#tidOf(pid, session).then(
      (tid) => tid !== undefined && this.#start(thread, tid),
      () => {},
    )
  }

  stop(): void {
    this.#isStopped = true
    this.#watch?.stop()
  }

  looks(): readonly ThreadLooks[] {
    return Array.from(this.#tids, ([thread, tid]) => {
      return { thread, looks: this.#watch?.looksOf(tid) ?? [] }
    })
  }

  #start(thread: string, tid: number): void {
    if (!this.#isStopped && this.#watch?.add(tid)) this.#tids.set(thread, tid)
  }

  async #tidOf(pid: number, session: Session): Promise<number | undefined> {
    const tid = await askThreadId(session)
    return tid === undefined ? undefined : this.#targets.findThread(pid, tid)
  }
}
