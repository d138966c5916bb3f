/** Recording a CPU profile: V8's sampling profiler, switched on and off through the inspector. */
import { InspectorError } from '../errors.ts'
import type { Session } from '../inspector/session.ts'
import type { Attachment, Target } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'
import { type CaptureControl, withAttachment } from './attached.ts'
import type { CpuRecording } from './cpu-recording.ts'
import { CpuThreads } from './cpu-threads.ts'
import { CpuTruth } from './cpu-truth.ts'
import { recordedTarget } from './recorded-target.ts'
import { recordingTime } from './recording-time.ts'
import { refuseLongPause } from './refuse-long-pause.ts'
import { WindowPace } from './window-pace.ts'
import { WindowedRecording } from './windowed-recording.ts'

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
  const { durationMs, hz, signal, onPhase, onThread } = options
  const { pid } = attachment.target
  const samplingIntervalUs = Math.round(1_000_000 / hz)
  const truth = new CpuTruth(targets, attachment.target)
  const threads = await CpuThreads.start(session, {
    samplingIntervalUs,
    mainThreadOnly: options.mainThreadOnly,
    onThread: (thread) => onThread?.({ pid, ...thread }),
    onWorkerStarted: (worker) => truth.addWorker(worker),
    signal,
  })
  let isAnswering = false
  try {
    const startedAtMs = Date.now()
    await truth.start(session)
    onPhase?.('recording')
    const windows = new WindowedRecording(pid)
    await recordWindows(session, threads, windows, options)
    const nativeThreads = await truth.stopChecks()
    onPhase?.('stopping')
    windows.add(await threads.end())
    isAnswering = true
    await truth.stop()
    return {
      target: recordedTarget(attachment),
      threads: windows.threads.map((thread) => ({ ...thread, ...truth.of(thread.thread) })),
      nativeThreads,
      missing: threads.takeMissing(),
      startedAtMs,
      askedDurationMs: durationMs,
      askedHz: hz,
      samplingIntervalUs,
      startPauseMs: threads.startPauseMs,
      stopPauseMs: windows.longestPauseMs,
      attachMs,
      openedInspector: openedByUs,
    }
  } finally {
    await truth.stop()
    await threads.close(isAnswering)
  }
}

/** In windows so short that the end of none stops the target for long; most programs need one. */
async function recordWindows(
  session: Session,
  threads: CpuThreads,
  windows: WindowedRecording,
  { durationMs, hz, signal, endEarly }: CpuOptions,
): Promise<void> {
  const endMs = performance.now() + durationMs
  const pace = new WindowPace(hz)
  for (;;) {
    const restMs = endMs - performance.now()
    const windowMs = pace.windowMs
    const isLast = restMs < windowMs * 1.5
    await recordingTime(session, { durationMs: isLast ? restMs : windowMs, signal, endEarly })
    if (isLast || session.isClosed || endEarly?.aborted) return
    try {
      pace.ended(windowMs, windows.add(await threads.next()))
    } catch (error) {
      // Its program has no way to V8's console: the rest is one window.
      if (!(error instanceof InspectorError) || error.code !== 'command-failed') throw error
      pace.windowMs = Number.POSITIVE_INFINITY
    }
  }
}
