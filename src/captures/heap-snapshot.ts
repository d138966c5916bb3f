/** A heap snapshot of one thread, streamed from V8 to whoever wants it. */
import type { Session } from '../inspector/session.ts'
import type { Attachment, Target } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'
import { type CaptureControl, withAttachment } from './attached.ts'
import { type Companion, withCompanion } from './companion-session.ts'
import {
  estimateHeapSnapshot,
  type HeapSnapshotEstimate,
  refuseCostly,
} from './heap-snapshot-estimate.ts'
import { onThread } from './on-thread.ts'
import { type RecordedTarget, recordedTarget } from './recorded-target.ts'
import { anySignal, noTimeoutMs, type OnProgress, streamSnapshot } from './snapshot-stream.ts'

export interface HeapSnapshotOptions extends CaptureControl {
  /** What it is for, as the option `profiles` of the configuration calls it. */
  readonly kind: 'heapsnapshot' | 'retained' | 'goroutine'
  /** `main`, or a worker as WorkerSessions calls it; default: main. */
  readonly thread?: string | undefined
  /** Take it although it may need more memory than there is, or longer than `maxPauseMs`. */
  readonly force?: boolean | undefined
  /** Refuse when the pause is estimated to be longer; undefined: no limit. */
  readonly maxPauseMs?: number | undefined
  /** Gets V8's JSON as UTF-8 chunks in order; awaited, and the socket is not read meanwhile. */
  readonly write: (chunk: Uint8Array) => Promise<void> | void
  /** How long one `write` may take before the capture is given up, in ms; default: 60000. */
  readonly stallMs?: number | undefined
  /** Called once, when nothing is refused any more and before the target is stopped. */
  readonly onStart?: ((start: HeapSnapshotStart) => void) | undefined
  /** V8 walks the heap: how far it is. Never called for pprofd itself. */
  readonly onProgress?: OnProgress | undefined
}

export interface HeapSnapshotStart {
  readonly target: RecordedTarget
  readonly startedAtMs: number
  readonly attachMs: number
  readonly openedInspector: boolean
  readonly estimate: HeapSnapshotEstimate
}

export interface HeapSnapshotRecording extends HeapSnapshotStart {
  /** Size of the JSON. */
  readonly bytes: number
  /** How long the thread stood still, as measured from outside: an upper bound. */
  readonly pauseMs: number
}

/** A reader that takes nothing for so long has stalled, and the target holds the rest for it. */
const defaultStallMs = 60_000

/**
 * Attaches, checks the cost, streams and detaches. V8 cannot be stopped in the middle: given up early,
 * the target still builds its snapshot to the end, and only then is it let go, lest it be harmed.
 *
 * A second session goes along. The first one's events can queue up behind a slow reader, and a target
 * that wants to exit would wait for it; the second one hears of it at once. It also tells when the
 * target runs again, however slowly the snapshot is read.
 *
 * @throws {CaptureError} capture-too-costly, pause-too-long, capture-aborted, recording-invalid.
 * @throws {TargetError} as `Targets.attach`, target-forbidden, and target-vanished when the process ended meanwhile.
 */
export function captureHeapSnapshot(
  targets: Targets,
  target: Target,
  options: HeapSnapshotOptions,
): Promise<HeapSnapshotRecording> {
  return withAttachment(targets, target, options, (attachment) =>
    withCompanion(targets, attachment, options.signal, (companion) =>
      onThread(attachment.session, options.thread ?? 'main', (thread) =>
        capture(targets, { attachment, thread, companion }, options),
      ),
    ),
  )
}

interface Sessions {
  readonly attachment: Attachment
  /** With the thread that is wanted; the attachment's own for the main thread. */
  readonly thread: Session
  /** Undefined for pprofd itself. */
  readonly companion: Companion | undefined
}

async function capture(
  targets: Targets,
  { attachment, thread, companion }: Sessions,
  options: HeapSnapshotOptions,
): Promise<HeapSnapshotRecording> {
  const { target, nodeVersion, attachMs, openedByUs, session } = attachment
  const { signal, force, maxPauseMs, stallMs = defaultStallMs } = options
  const [{ usedSize }, memory] = await Promise.all([
    thread.send('Runtime.getHeapUsage', {}, { signal }),
    targets.memory(target),
  ])
  const estimate = estimateHeapSnapshot(usedSize, memory, nodeVersion)
  if (!force) refuseCostly(target.id, estimate, maxPauseMs)
  const start: HeapSnapshotStart = {
    target: recordedTarget(attachment),
    startedAtMs: Date.now(),
    attachMs,
    openedInspector: openedByUs,
    estimate,
  }
  options.onStart?.(start)
  options.onPhase?.('recording')
  const startedMs = performance.now()
  let running: Promise<number> | undefined
  // In its own process, JavaScript that runs while V8 walks the heap lets V8 crash (Node 20).
  const isSelf = target.kind === 'self'
  const onProgress: OnProgress = (done, total) => {
    if (thread === session) running ??= runningAgain(companion)
    options.onProgress?.(done, total)
  }
  try {
    const streaming = streamSnapshot(thread, {
      ...options,
      signal: anySignal(companion?.exiting, options.signal),
      onProgress: isSelf ? undefined : onProgress,
      stallMs,
    })
    // pprofd itself has been stopped by now, and runs.
    if (isSelf) running = Promise.resolve(performance.now())
    const bytes = await streaming
    const pauseMs = ((await running) ?? performance.now()) - startedMs
    return { ...start, bytes, pauseMs }
  } finally {
    // Its answer shall find somebody, too; from a target that fell silent none is awaited.
    if (!session.isClosed) await running
  }
}

/** When the main thread answers again, which the snapshot's own answer tells only at its end. */
function runningAgain(companion: Companion | undefined): Promise<number> | undefined {
  const now = () => performance.now()
  return companion?.session
    .send('Runtime.getIsolateId', {}, { timeoutMs: noTimeoutMs })
    .then(now, now)
}
