/** Recording a CPU profile: V8's sampling profiler, switched on and off through the inspector. */
import { setTimeout as sleep } from 'node:timers/promises'
import { CaptureError, InspectorError, TargetError } from '../errors.ts'
import type { Session } from '../inspector/session.ts'
import type { Attachment, Target } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'

export interface CpuOptions {
  readonly durationMs: number
  /** Samples a second, 1 to 1000. */
  readonly hz: number
  /** Ends the capture early; what was recorded is dropped, the target restored. */
  readonly signal?: AbortSignal | undefined
  /** Ends the recording early and keeps it. */
  readonly endEarly?: AbortSignal | undefined
  readonly onPhase?: ((phase: CapturePhase) => void) | undefined
}

export type CapturePhase = 'attaching' | 'recording' | 'stopping' | 'detaching'

/** What was recorded, and what recording cost. */
export interface CpuRecording {
  readonly target: {
    readonly pid: number
    readonly name: string
    readonly nodeVersion: string
    readonly executable: string
    readonly workingDirectory: string
  }
  readonly threads: readonly ThreadRecording[]
  /** Wall clock when recording began, ms since the epoch. */
  readonly startedAtMs: number
  readonly askedDurationMs: number
  readonly askedHz: number
  readonly samplingIntervalUs: number
  /** Round trip of Profiler.start: an upper bound of how long the target stood still for it. */
  readonly startPauseMs: number
  /** The same for Profiler.stop. */
  readonly stopPauseMs: number
  readonly attachMs: number
  readonly openedInspector: boolean
}

export interface ThreadRecording {
  readonly pid: number
  readonly thread: string
  /** The JSON text of V8's Profiler.Profile, as the target sent it. */
  readonly profileJson: Uint8Array
}

/** Starting walks the target's heap: 840 ms were measured at 800 MB, so tens of GB stay within it. */
const startTimeoutMs = 60_000

/** A 30 s profile of a deep program at 10 kHz took 3.9 s; the transfer comes on top. */
const stopTimeoutMs = 120_000

/**
 * Attaches, records and detaches; the target is restored whatever happens.
 * @throws {CaptureError} capture-aborted when the signal fired.
 * @throws {TargetError} as `Targets.attach`, and target-vanished when the process ended meanwhile.
 */
export async function recordCpu(
  targets: Targets,
  target: Target,
  options: CpuOptions,
): Promise<CpuRecording> {
  const { signal, onPhase } = options
  try {
    onPhase?.('attaching')
    const attachment = await targets.attach(target, { signal })
    try {
      return await record(attachment, options)
    } finally {
      onPhase?.('detaching')
      await attachment.detach()
    }
  } catch (error) {
    throw captureFailure(target, error, signal)
  }
}

async function record(attachment: Attachment, options: CpuOptions): Promise<CpuRecording> {
  const { session, target, nodeVersion, openedByUs, attachMs } = attachment
  const { durationMs, hz, signal, endEarly, onPhase } = options
  const samplingIntervalUs = Math.round(1_000_000 / hz)
  await session.send('Profiler.enable', {}, { signal })
  try {
    await session.send('Profiler.setSamplingInterval', { interval: samplingIntervalUs }, { signal })
    const start = await timed(() =>
      session.send('Profiler.start', {}, { timeoutMs: startTimeoutMs, signal }),
    )
    const startedAtMs = Date.now()
    onPhase?.('recording')
    await recordingTime(durationMs, session, { signal, endEarly })
    onPhase?.('stopping')
    const stop = await timed(() =>
      session.sendRaw('Profiler.stop', {}, { timeoutMs: stopTimeoutMs, signal }),
    )
    const { pid, name, executable, workingDirectory } = target
    return {
      target: { pid, name, nodeVersion, executable, workingDirectory },
      threads: [{ pid, thread: 'main', profileJson: profileOf(stop.value) }],
      startedAtMs,
      askedDurationMs: durationMs,
      askedHz: hz,
      samplingIntervalUs,
      startPauseMs: start.tookMs,
      stopPauseMs: stop.tookMs,
      attachMs,
      openedInspector: openedByUs,
    }
  } finally {
    // Stops a profiler that runs still. Without an answer the closing of the session does it.
    await session.send('Profiler.disable', {}, { timeoutMs: 2000 }).catch(() => {})
  }
}

/** Waits, unless the session ends or a signal fires first. */
async function recordingTime(
  durationMs: number,
  session: Session,
  { signal, endEarly }: Pick<CpuOptions, 'signal' | 'endEarly'>,
): Promise<void> {
  const sessionEnd = new AbortController()
  void session.closed.then(() => sessionEnd.abort())
  const signals = [sessionEnd.signal, signal, endEarly].filter((one) => one !== undefined)
  await sleep(durationMs, undefined, { signal: AbortSignal.any(signals) }).catch(() => {})
  // A closed session is reported by the next command, with its reason.
  signal?.throwIfAborted()
}

async function timed<T>(work: () => Promise<T>): Promise<{ value: T; tookMs: number }> {
  const startedMs = performance.now()
  const value = await work()
  return { value, tookMs: performance.now() - startedMs }
}

/** The profile's own text out of `{"profile":{...}}`, without parsing it. */
export function profileOf(result: Uint8Array): Uint8Array {
  const text = Buffer.from(result.buffer, result.byteOffset, result.byteLength)
  const prefix = '{"profile":'
  if (text.toString('latin1', 0, prefix.length) === prefix) return text.subarray(prefix.length, -1)
  throw new CaptureError('recording-invalid', 'the target sent no CPU profile')
}

function captureFailure(target: Target, error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) {
    const message = `the capture of ${target.id} was given up; the target is as before`
    return new CaptureError('capture-aborted', message, { cause: signal.reason })
  }
  if (error instanceof InspectorError && error.code === 'session-closed') {
    const message = `${target.id} ended, or its inspector was closed, during the capture (${error.message})`
    return new TargetError('target-vanished', message, { cause: error })
  }
  return error
}
