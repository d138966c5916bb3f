/** Recording a CPU profile: V8's sampling profiler, switched on and off through the inspector. */
import type { Session } from '../inspector/session.ts'
import type { Attachment, Target } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'
import { type CaptureControl, withAttachment } from './attached.ts'
import type { CpuRecording } from './cpu-recording.ts'
import { ensureProfilerOff, startProfiler, stopProfiler } from './cpu-thread.ts'
import { CpuTruth } from './cpu-truth.ts'
import { CpuWorkers } from './cpu-workers.ts'
import { recordedTarget } from './recorded-target.ts'
import { recordingTime } from './recording-time.ts'
import { refuseLongPause } from './refuse-long-pause.ts'

export interface CpuOptions extends CaptureControl {
  readonly durationMs: number
  /** Samples a second, 1 to 1000. */
  readonly hz: number
  /** Leave the worker threads out. */
  readonly mainThreadOnly?: boolean | undefined
  /** Refuse when the pause is estimated to be longer; undefined: no limit. */
  readonly maxPauseMs?: number | undefined
  /** Ends the recording early and keeps it. */
  readonly endEarly?: AbortSignal | undefined
  /** What is made of it, as the option `profiles` calls it. Default: profile. */
  readonly kind?: 'profile' | 'wall' | 'block' | 'mutex' | undefined
  /** Called for each thread before its profiler is started. */
  readonly onThread?: ((thread: ReachedThread) => void) | undefined
}

export interface ReachedThread {
  readonly pid: number
  /** As `ThreadRecording.thread`. */
  readonly thread: string
  readonly session: Session
}

/** Starting walks the target's heap: 840 ms were measured at 800 MB, so tens of GB stay within it. */
const startTimeoutMs = 60_000

/** A 30 s profile of a deep program at 10 kHz took 3.9 s; the transfer comes on top. */
const stopTimeoutMs = 120_000

/** A worker that does not answer for so long is left out. */
const workerTimeoutMs = 5000

/**
 * Attaches, records all threads and detaches; the target is restored whatever happens.
 * @throws {CaptureError} capture-aborted when the signal fired, pause-too-long.
 * @throws {TargetError} as `Targets.attach`, target-forbidden, and target-vanished when the process ended meanwhile.
 */
export async function recordCpu(
  targets: Targets,
  target: Target,
  options: CpuOptions,
): Promise<CpuRecording> {
  const beforehand = () =>
    refuseLongPause(targets, target, 'starting the profiler', options.maxPauseMs)
  return withAttachment(
    targets,
    target,
    { ...options, kind: options.kind ?? 'profile', beforehand },
    (attachment) => record(targets, attachment, options),
  )
}

async function record(
  targets: Targets,
  attachment: Attachment,
  options: CpuOptions,
): Promise<CpuRecording> {
  const { session, openedByUs, attachMs } = attachment
  const { durationMs, hz, signal, onPhase } = options
  const { pid } = attachment.target
  const samplingIntervalUs = Math.round(1_000_000 / hz)
  const truth = new CpuTruth(targets, attachment.target)
  options.onThread?.({ pid, thread: 'main', session })
  const workers = options.mainThreadOnly
    ? undefined
    : await CpuWorkers.start(session, samplingIntervalUs, workerTimeoutMs, {
        onWorker: (worker) => options.onThread?.({ pid, ...worker }),
        onStarted: (worker) => truth.addWorker(worker),
      })
  let isAnswering = false
  try {
    const starting = { timeoutMs: startTimeoutMs, signal }
    const [startPauseMs] = await Promise.all([
      startProfiler(session, samplingIntervalUs, starting),
      workers?.started(),
    ])
    const startedAtMs = Date.now()
    await truth.start(session)
    onPhase?.('recording')
    await recordingTime(session, options)
    const nativeThreads = await truth.stopChecks()
    onPhase?.('stopping')
    const [main, others] = await Promise.all([
      stopProfiler(session, { timeoutMs: stopTimeoutMs, signal }),
      workers?.stop(pid),
    ])
    isAnswering = true
    const { profileJson, pauseMs: stopPauseMs } = main
    await truth.stop()
    const recorded = [{ pid, thread: 'main', profileJson }, ...(others?.threads ?? [])]
    return {
      target: recordedTarget(attachment),
      threads: recorded.map((thread) => ({ ...thread, ...truth.of(thread.thread) })),
      nativeThreads,
      missing: others?.missing ?? [],
      startedAtMs,
      askedDurationMs: durationMs,
      askedHz: hz,
      samplingIntervalUs,
      startPauseMs,
      stopPauseMs,
      attachMs,
      openedInspector: openedByUs,
    }
  } finally {
    await truth.stop()
    const closing = workers?.close()
    // Of two answers in a row the second waits 40 ms for our delayed ACK: one after the other is
    // faster. But a target that does not answer is waited for once only.
    if (isAnswering) await closing
    await Promise.all([closing, ensureProfilerOff(session)])
  }
}
