import type { Session } from './session.ts'

/** Most answers are there within a few ms. */
const nudgesMs = [2, 4, 8, 16, 32] as const

/**
 * For commands whose answers come as several messages: the second of them waits some 40 ms in the target's
 * socket for our delayed ACK (Nagle's algorithm). Whatever is sent meanwhile carries the ACK; a no-op
 * does. The session of a worker does the same for each of its commands.
 */
export async function nudged<T>(session: Session, answer: Promise<T>): Promise<T> {
  if (session.isOfWorker) return answer
  const nudge = () => {
    if (!session.isClosed) session.send('Runtime.getIsolateId').catch(() => {})
  }
  const timers = nudgesMs.map((delayMs) => setTimeout(nudge, delayMs))
  try {
    return await answer
  } finally {
    for (const timer of timers) clearTimeout(timer)
  }
}
