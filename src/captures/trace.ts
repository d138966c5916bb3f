/** A trace: what every thread runs over time, and what Node says of its work, in windows as they come. */
import { CaptureError, InspectorError } from '../errors.ts'
import type { CommandOptions } from '../inspector/session.ts'
import type { Attachment, Target } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'
import { type CaptureControl, withAttachment } from './attached.ts'
import { type Companion, withCompanion } from './companion-session.ts'
import { NodeTracing } from './node-tracing.ts'
import { type RecordedTarget, recordedTarget } from './recorded-target.ts'
import { recordingTime } from './recording-time.ts'
import { refuseLongPause } from './refuse-long-pause.ts'
import { refuseFloods, type TraceCategory } from './trace-categories.ts'
import { type ThreadWindow, TracedThread, TracedWorkers } from './trace-thread.ts'

export interface TraceOptions extends CaptureControl {
  readonly durationMs: number
  /** Samples a second and thread, 1 to 1000. */
  readonly hz: number
  /** Of Node's trace events; none: stacks only. */
  readonly categories: readonly TraceCategory[]
  /** Trace also what may come too often for the target, and targets with worker threads. */
  readonly force?: boolean | undefined
  /** Refuse when the pause is estimated to be longer; undefined: no limit. */
  readonly maxPauseMs?: number | undefined
  /** Ends the recording early and keeps it. */
  readonly endEarly?: AbortSignal | undefined
  /** Length of a window; default: 1000. */
  readonly windowMs?: number | undefined
  /** Called once, when all threads are being recorded. */
  readonly onStart: (start: TraceStart) => Promise<void> | void
  /** Gets the windows in order; while it is at work the current one grows. */
  readonly write: (window: TraceWindow) => Promise<void> | void
  /** How long one `write` may take before the capture is given up, in ms; default: 30000. */
  readonly stallMs?: number | undefined
}

export interface TraceStart {
  readonly target: RecordedTarget
  /** Wall clock when recording began, ms since the epoch. */
  readonly startedAtMs: number
  readonly askedDurationMs: number
  readonly askedHz: number
  readonly samplingIntervalUs: number
  readonly categories: readonly TraceCategory[]
  readonly attachMs: number
  readonly openedInspector: boolean
  /** Round trip of the profiler's start on the main thread: an upper bound of how long it stood still. */
  readonly startPauseMs: number
  /** Why there are no events of Node's; undefined where there are, or none were asked for. */
  readonly untraced: string | undefined
}

export interface TraceWindow {
  /** Main first. */
  readonly threads: readonly ThreadWindow[]
  /** Node's trace events as they came: nobody has looked at them yet. */
  readonly events: readonly unknown[]
  /** Events that came and were not kept, because too many came. */
  readonly droppedCount: number
}

export interface TraceRecording extends TraceStart {
  readonly windowCount: number
  /** The longest round trip with which a window was fetched: an upper bound of what it cost the main thread. */
  readonly longestPauseMs: number
  readonly droppedCount: number
  /** Why Node's events ended before the recording did; undefined where they did not. */
  readonly tracingEnded: string | undefined
  /** Worker threads that ended, or did not answer, before all of them could be fetched. */
  readonly missing: readonly string[]
}

/**
 * A window's end costs the target 1 to 5 ms. Shorter ones cost it more often, and longer ones make
 * the memory of both grow.
 */
const defaultWindowMs = 1000

/** A reader that takes nothing for so long has stalled, and the target holds the samples for it. */
const defaultStallMs = 30_000

/** Starting walks the target's heap: 840 ms were measured at 800 MB, so tens of GB stay within it. */
const startTimeoutMs = 60_000

/** See node-tracing.ts: Node may crash. */
const withWorkers = 'stacks only: Node may crash where worker threads are traced; force=1 does it'
const workerStarted = 'a worker thread started: Node may crash where worker threads are traced'

/** The main thread may be in native code, such as execSync. */
const windowTimeoutMs = 120_000

/**
 * Attaches, records all threads and detaches; the target is restored whatever happens.
 * @throws {CaptureError} capture-aborted when the signal fired, or nobody took the windows; pause-too-long, capture-too-costly.
 * @throws {TargetError} as `Targets.attach`, target-forbidden, and target-vanished when the process ended meanwhile.
 */
export function recordTrace(
  targets: Targets,
  target: Target,
  options: TraceOptions,
): Promise<TraceRecording> {
  const beforehand = async () => {
    if (!options.force) refuseFloods(options.categories)
    await refuseLongPause(targets, target, 'starting the profiler', options.maxPauseMs)
  }
  const work = { ...options, kind: 'trace', beforehand }
  return withAttachment(targets, target, work, (attachment) =>
    withCompanion(targets, attachment, options.signal, (companion) =>
      record(attachment, companion, options),
    ),
  )
}

async function record(
  attachment: Attachment,
  companion: Companion | undefined,
  options: TraceOptions,
): Promise<TraceRecording> {
  const { session } = attachment
  const { hz, signal, categories } = options
  const samplingIntervalUs = Math.round(1_000_000 / hz)
  const main = new TracedThread('main', session)
  const tracing =
    categories.length > 0 ? new NodeTracing(session, companion?.session, categories) : undefined
  let workers: TracedWorkers | undefined
  try {
    // pprofd itself has workers, which are left alone.
    let hasWorkers = attachment.target.kind === 'self'
    workers = await TracedWorkers.open(session, samplingIntervalUs, () => {
      hasWorkers = true
      if (!options.force)
        tracing?.end(workerStarted, { timeoutMs: windowTimeoutMs }).catch(() => {})
    })
    const [startPauseMs] = await Promise.all([
      main.start(samplingIntervalUs, { timeoutMs: startTimeoutMs, signal }),
      workers.started(),
    ])
    const isUnsafe = hasWorkers && tracing !== undefined && !options.force
    const untraced = isUnsafe
      ? withWorkers
      : await startTracing(tracing, { timeoutMs: windowTimeoutMs, signal })
    const start: TraceStart = {
      target: recordedTarget(attachment),
      startedAtMs: Date.now(),
      askedDurationMs: options.durationMs,
      askedHz: hz,
      samplingIntervalUs,
      categories,
      attachMs: attachment.attachMs,
      openedInspector: attachment.openedByUs,
      startPauseMs,
      untraced,
    }
    await options.onStart(start)
    options.onPhase?.('recording')
    const traced = untraced === undefined ? tracing : undefined
    const figures = await recordWindows(attachment, { main, workers, tracing: traced }, options)
    const tracingEnded = tracing?.endedBecause
    return { ...start, ...figures, tracingEnded, missing: [...workers.missing] }
  } finally {
    await Promise.all([workers?.close(), main.close(), tracing?.close()])
  }
}

/** Resolves to why it did not start: a Node without it is traced by its stacks alone. */
async function startTracing(
  tracing: NodeTracing | undefined,
  options: CommandOptions,
): Promise<string | undefined> {
  try {
    await tracing?.start(options)
    return undefined
  } catch (error) {
    if (error instanceof InspectorError && error.code === 'command-failed') return error.message
    throw error
  }
}

interface Sources {
  readonly main: TracedThread
  readonly workers: TracedWorkers
  readonly tracing: NodeTracing | undefined
}

async function recordWindows(
  { session }: Attachment,
  { main, workers, tracing }: Sources,
  options: TraceOptions,
): Promise<Pick<TraceRecording, 'windowCount' | 'longestPauseMs' | 'droppedCount'>> {
  const { windowMs = defaultWindowMs, signal, endEarly } = options
  const endMs = performance.now() + options.durationMs
  let windowCount = 0
  let longestPauseMs = 0
  let droppedCount = 0
  for (let isLast = false; !isLast; ) {
    const leftMs = Math.max(0, endMs - performance.now())
    // Nothing is gained by a window of a few ms at the end.
    isLast = leftMs < windowMs * 1.5
    await recordingTime(session, { durationMs: isLast ? leftMs : windowMs, signal, endEarly })
    isLast ||= endEarly?.aborted === true
    if (isLast) options.onPhase?.('stopping')
    const command = { timeoutMs: windowTimeoutMs, signal }
    const startedMs = performance.now()
    const fetched = () => {
      longestPauseMs = Math.max(longestPauseMs, performance.now() - startedMs)
    }
    const [mainWindow, workerWindows] = await Promise.all([
      main.window(isLast, command).finally(fetched),
      workers.windows(isLast),
    ])
    await tracing?.flush(command)
    const taken = tracing?.take() ?? { events: [], droppedCount: 0 }
    droppedCount += taken.droppedCount
    windowCount++
    await handOn({ threads: [mainWindow, ...workerWindows], ...taken }, options)
  }
  return { windowCount, longestPauseMs, droppedCount }
}

/** @throws {CaptureError} capture-aborted when nobody takes the window. */
async function handOn(window: TraceWindow, options: TraceOptions): Promise<void> {
  const { write, signal, stallMs = defaultStallMs } = options
  let giveUp = () => {}
  let timer: NodeJS.Timeout | undefined
  const givenUp = new Promise<never>((_, reject) => {
    giveUp = () => reject(signal?.reason)
    const message = `nobody took the trace for ${stallMs / 1000} s, and it grows in the target's memory`
    timer = setTimeout(() => reject(new CaptureError('capture-aborted', message)), stallMs)
  })
  signal?.addEventListener('abort', giveUp)
  try {
    await Promise.race([write(window), givenUp])
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', giveUp)
  }
  signal?.throwIfAborted()
}
