/** Recording sampled allocations for a while: V8's sampling heap profiler, switched on and off. */
import type { Attachment, Target } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'
import { type CaptureControl, withAttachment } from './attached.ts'
import type { HeapCounting, HeapRecording, HeapThreadRecording } from './heap-recording.ts'
import { readHeapStatistics } from './heap-statistics.ts'
import { type Baseline, HeapThreads, type ThreadReadings } from './heap-threads.ts'
import { recordedTarget } from './recorded-target.ts'
import { recordingTime } from './recording-time.ts'
import { refuseLongPause } from './refuse-long-pause.ts'

export interface HeapOptions extends CaptureControl {
  readonly counting: HeapCounting
  /** How long to sample. A sampler that runs already is read at once, unless a delta is asked for. */
  readonly durationMs: number
  /** Mean number of bytes between two samples. */
  readonly samplingIntervalBytes: number
  /** Collect garbage thoroughly before the reading. */
  readonly gc: boolean
  /** The difference between the end and the beginning, also of what a found sampler says. */
  readonly isDelta: boolean
  /** Refuse when the pause is estimated to be longer; undefined: no limit. */
  readonly maxPauseMs?: number | undefined
  /** Ends the recording early and keeps it. */
  readonly endEarly?: AbortSignal | undefined
}

/**
 * Attaches, samples all threads and detaches; the target is restored whatever happens.
 * @throws {CaptureError} capture-aborted when the signal fired, pause-too-long, recording-invalid.
 * @throws {TargetError} as `Targets.attach`, target-forbidden, and target-vanished when the process ended meanwhile.
 */
export function recordHeap(
  targets: Targets,
  target: Target,
  options: HeapOptions,
): Promise<HeapRecording> {
  const beforehand = () =>
    refuseLongPause(targets, target, 'reading the heap profile', options.maxPauseMs)
  return withAttachment(targets, target, { ...options, kind: 'heap', beforehand }, (attachment) =>
    record(attachment, options),
  )
}

async function record(attachment: Attachment, options: HeapOptions): Promise<HeapRecording> {
  const { durationMs, signal, endEarly, gc, isDelta, onPhase } = options
  let isRestored = false
  let threads: HeapThreads | undefined
  try {
    // Garbage that is counted anyway need not be collected for a reading.
    const mayLeaveGarbage = options.counting === 'allocated'
    threads = await HeapThreads.start(attachment, { ...options, mayLeaveGarbage }, { signal })
    const { startedAtMs } = threads
    const beginnings = threads.beginnings()
    onPhase?.('recording')
    const isThere = threads.areForeign && !isDelta && !gc
    if (!threads.areForeign || isDelta) {
      await recordingTime(attachment.session, { durationMs, signal, endEarly })
    }
    onPhase?.('stopping')
    const readings = await (isThere ? threads.found() : threads.finish({ gc, signal }))
    const statistics = await readHeapStatistics(attachment.session, { signal })
    isRestored = true
    return {
      ...assembleHeap(attachment, readings),
      threads: isDelta ? since(beginnings, readings.threads) : readings.threads,
      mode: 'window',
      isDelta,
      startedAtMs,
      samplingIntervalBytes: options.samplingIntervalBytes,
      statistics,
    }
  } finally {
    await threads?.close()
    // A session that did not stop its sampler by a reading would stop a later one when it ends.
    if (!isRestored) await attachment.detach({ forGood: true })
  }
}

/** What a recording says of its attachment and of a reading of the threads. */
export function assembleHeap(
  attachment: Attachment,
  { threads, missing, readAtMs, pauseMs }: ThreadReadings,
) {
  return {
    target: recordedTarget(attachment),
    threads,
    missing,
    readAtMs,
    readPauseMs: pauseMs,
    attachMs: attachment.attachMs,
    openedInspector: attachment.openedByUs,
  }
}

/** The threads with what each of them said earlier. */
export function since(
  baseline: Baseline,
  threads: readonly HeapThreadRecording[],
): readonly HeapThreadRecording[] {
  return threads.map((one) => ({ ...one, baseline: baseline.get(one.thread) ?? {} }))
}
