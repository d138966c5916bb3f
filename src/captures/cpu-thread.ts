/** The sampling profiler of one thread: on, off, and what each cost. */
import { CaptureError } from '../errors.ts'
import type { CommandOptions, Session } from '../inspector/session.ts'

export interface ThreadStop {
  /** The JSON text of V8's Profiler.Profile, as the target sent it. */
  readonly profileJson: Uint8Array
  /** Round trip of Profiler.stop. */
  readonly pauseMs: number
}

/** Resolves to the round trip of Profiler.start in ms: an upper bound of how long the thread stood still. */
export async function startProfiler(
  session: Session,
  samplingIntervalUs: number,
  { timeoutMs, signal }: CommandOptions,
): Promise<number> {
  await enableProfiler(session, samplingIntervalUs, signal)
  const startedMs = performance.now()
  await session.send('Profiler.start', {}, { timeoutMs, signal })
  return performance.now() - startedMs
}

/**
 * The interval first: once it is enabled, a `console.profile` of anybody may start it at any moment, and
 * V8 changes no interval while it runs. Both answer at once, unless the thread is in native code.
 */
export async function enableProfiler(
  session: Session,
  samplingIntervalUs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  await session.send('Profiler.setSamplingInterval', { interval: samplingIntervalUs }, { signal })
  await session.send('Profiler.enable', {}, { signal })
}

export async function stopProfiler(session: Session, options: CommandOptions): Promise<ThreadStop> {
  const startedMs = performance.now()
  const result = await session.sendRaw('Profiler.stop', {}, options)
  return { profileJson: profileOf(result), pauseMs: performance.now() - startedMs }
}

/** Makes sure that it is off, whatever happened before. Without an answer the session's end does it. */
export async function ensureProfilerOff(session: Session): Promise<void> {
  await session.send('Profiler.disable', {}, { timeoutMs: 1500 }).catch(() => {})
}

/** The profile's own text out of `{"profile":{...}}`, without parsing it. */
function profileOf(result: Uint8Array): Uint8Array {
  const text = Buffer.from(result.buffer, result.byteOffset, result.byteLength)
  const prefix = '{"profile":'
  if (text.toString('latin1', 0, prefix.length) === prefix) return text.subarray(prefix.length, -1)
  throw new CaptureError('recording-invalid', 'the target sent no CPU profile')
}
