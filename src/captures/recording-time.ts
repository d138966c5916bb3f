import { setTimeout as sleep } from 'node:timers/promises'
import type { Session } from '../inspector/session.ts'

export interface RecordingTime {
  readonly durationMs: number
  /** Gives the recording up. */
  readonly signal?: AbortSignal | undefined
  /** Ends it early and keeps it. */
  readonly endEarly?: AbortSignal | undefined
}

/** Waits, unless the session ends or a signal fires first. */
export async function recordingTime(
  session: Session,
  { durationMs, signal, endEarly }: RecordingTime,
): Promise<void> {
  const sessionEnd = new AbortController()
  void session.closed.then(() => sessionEnd.abort())
  const signals = [sessionEnd.signal, signal, endEarly].filter((one) => one !== undefined)
  await sleep(durationMs, undefined, { signal: AbortSignal.any(signals) }).catch(() => {})
  // A closed session is reported by the next command, with its reason.
  signal?.throwIfAborted()
}
