/**
 * One CPU profile after the other of a thread, without a gap: each begins before the one before ends, so
 * V8 keeps its profiler and only the first start walks the heap. The functions `profile` and `profileEnd`
 * of the inspector's command line do that; see its `Profiler.consoleProfileFinished`.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { CaptureError } from '../errors.ts'
import { evaluate } from '../inspector/evaluate.ts'
import type { Session } from '../inspector/session.ts'
import { ensureProfilerOff } from './cpu-thread.ts'
import { monotonicUs } from './monotonic-time.ts'

export interface CpuWindow {
  /** The JSON text of V8's Profiler.Profile. Its first few ms may be the last ones of the window before. */
  readonly profileJson: Uint8Array
  /** Round trip of what began it: an upper bound of how long the thread stood still for it. */
  readonly startPauseMs: number
  /** The same of what ended it, which began the next one. */
  readonly endPauseMs: number
  /** Around the command that began it, by our CLOCK_MONOTONIC: V8's clock, too, on the same machine. */
  readonly startedBetweenUs: readonly [number, number]
}

export interface CpuWindowOptions {
  readonly samplingIntervalUs: number
  readonly windowMs: number
  /** Ends the last window early and keeps it. */
  readonly end: AbortSignal
  /** Called when the first one has begun, with its `startPauseMs`. */
  readonly onStart?: ((startPauseMs: number) => void) | undefined
  /** Gives it all up. */
  readonly signal?: AbortSignal | undefined
  /** For the first start, which walks the heap. */
  readonly startTimeoutMs: number
  /** For each end: a thread in native code answers when it is back. */
  readonly endTimeoutMs: number
}

/** The URL of what pprofd evaluates for it, in whose frames samples may fall. */
export const windowsUrl = 'pprofd:cpu-windows'

/**
 * Whoever takes a window late gets a longer one next, so a slow reader costs no memory here. Nothing
 * stays on in the target, however the iteration ends.
 */
export async function* cpuWindows(
  session: Session,
  options: CpuWindowOptions,
): AsyncGenerator<CpuWindow, void, undefined> {
  const { samplingIntervalUs, signal, startTimeoutMs, endTimeoutMs } = options
  const finished = new Map<string, unknown>()
  let awaited = ''
  // Profiles of others end here, too: the function works on all sessions of a thread.
  const unlisten = session.on('Profiler.consoleProfileFinished', ({ title, profile }) => {
    if (title !== undefined && title === awaited) finished.set(title, profile)
  })
  const run = async (expression: string, timeoutMs: number) => {
    const beginUs = monotonicUs()
    const code = `${expression}; 0\n//# sourceURL=${windowsUrl}`
    await evaluate(session, code, { commandLineApi: true, timeoutMs, signal })
    return [beginUs, monotonicUs()] as const
  }
  try {
    await session.send('Profiler.enable', {}, { signal })
    await session.send('Profiler.setSamplingInterval', { interval: samplingIntervalUs }, { signal })
    const name = `pprofd ${randomUUID()}`
    const titleOf = (index: number) => `${name} ${index}`
    let started = await run(`profile(${quoted(titleOf(0))})`, startTimeoutMs)
    options.onStart?.(durationMs(started))
    for (let index = 0; ; index++) {
      await windowTime(session, options)
      const isLast = options.end.aborted
      awaited = titleOf(index)
      const next = isLast ? '' : `profile(${quoted(titleOf(index + 1))}); `
      const ended = await run(`${next}profileEnd(${quoted(awaited)})`, endTimeoutMs)
      const profile = finished.get(awaited)
      finished.clear()
      if (profile === undefined) {
        throw new CaptureError('recording-invalid', 'the target sent no CPU profile')
      }
      yield {
        profileJson: Buffer.from(JSON.stringify(profile)),
        startPauseMs: durationMs(started),
        endPauseMs: durationMs(ended),
        startedBetweenUs: started,
      }
      if (isLast) return
      started = ended
    }
  } finally {
    unlisten()
    await ensureProfilerOff(session)
  }
}

/** Until the window ends, or the session or the capture does. */
async function windowTime(
  session: Session,
  { windowMs, end, signal }: CpuWindowOptions,
): Promise<void> {
  const sessionEnd = new AbortController()
  void session.closed.then(() => sessionEnd.abort())
  const signals = [sessionEnd.signal, end, ...(signal ? [signal] : [])]
  await sleep(windowMs, undefined, { signal: AbortSignal.any(signals) }).catch(() => {})
  // A closed session is reported by the next command, with its reason.
  signal?.throwIfAborted()
}

function durationMs([beginUs, endUs]: readonly [number, number]): number {
  return (endUs - beginUs) / 1000
}

function quoted(text: string): string {
  return JSON.stringify(text)
}
