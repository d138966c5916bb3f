/** The windows of a thread's CPU profile as they end, for whoever takes them at an own pace. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Session } from '../inspector/session.ts'
import { monotonicUs } from './monotonic-time.ts'
import { ProfileWindows } from './profile-windows.ts'

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

/**
 * Whoever takes a window late gets a longer one next, so a slow reader costs no memory here. Nothing
 * stays on in the target, however the iteration ends.
 */
export async function* cpuWindows(
  session: Session,
  options: CpuWindowOptions,
): AsyncGenerator<CpuWindow, void, undefined> {
  const { samplingIntervalUs, signal, startTimeoutMs, endTimeoutMs } = options
  const windows = new ProfileWindows(session)
  try {
    let [started] = await timed(() =>
      windows.start(samplingIntervalUs, { timeoutMs: startTimeoutMs, signal }),
    )
    options.onStart?.(durationMs(started))
    for (let isLast = false; !isLast; ) {
      await windowTime(session, options)
      isLast = options.end.aborted
      const command = { timeoutMs: endTimeoutMs, signal }
      const [ended, profileJson] = await timed(() =>
        isLast ? windows.end(command) : windows.next(command),
      )
      yield {
        profileJson,
        startPauseMs: durationMs(started),
        endPauseMs: durationMs(ended),
        startedBetweenUs: started,
      }
      started = ended
    }
  } finally {
    await windows.close()
  }
}

async function timed<T>(work: () => Promise<T>): Promise<[readonly [number, number], T]> {
  const beginUs = monotonicUs()
  const result = await work()
  return [[beginUs, monotonicUs()], result]
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
