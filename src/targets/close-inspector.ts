/** Closing an inspector that pprofd opened, and proving that it is closed. */
import { setTimeout as sleep } from 'node:timers/promises'
import { evaluate } from '../inspector/evaluate.ts'
import type { Session } from '../inspector/session.ts'
import { ipv4Listeners } from '../proc/listening-sockets.ts'
import { isStillRunning } from '../proc/process-identity.ts'
import type { OpenInspector } from './find-inspector.ts'
import type { Target } from './target.ts'

export interface CloseOptions {
  readonly procRoot: string
  /** What `process.debugPort` was: opening and moving the inspector change it, the next SIGUSR1 uses it. */
  readonly originalPort: number
}

/** The socket is gone a few ms after the answer; a busy machine may need longer. */
const verifyTimeoutMs = 1000
const verifyPollMs = 5

/** Longer waits belong to the sweeper, not to a client. */
const closeTimeoutMs = 1500

/**
 * Asks through the session, which ends with it. False when the listener is still there afterwards.
 *
 * `process._debugEnd` is what `inspector.close()` calls. It is called directly, not from a timer, so
 * that it works in a blocked event loop, too, and nothing of ours stays scheduled in the target. Its
 * answer never comes: the connection drops first.
 */
export async function closeInspector(
  target: Target,
  { socket }: OpenInspector,
  session: Session,
  { procRoot, originalPort }: CloseOptions,
): Promise<boolean> {
  // The setter refuses 1 to 1023, where a root may have put it by a flag.
  const expression = `try { process.debugPort = ${originalPort} } catch {} process._debugEnd()`
  await evaluate(session, expression, { timeoutMs: closeTimeoutMs }).catch(() => {})
  await session.close()
  return isGone(target, socket.inode, procRoot)
}

async function isGone(target: Target, inode: string, procRoot: string): Promise<boolean> {
  const deadline = performance.now() + verifyTimeoutMs
  for (;;) {
    const listeners = await ipv4Listeners(target.pid, procRoot)
    if (!listeners.some((socket) => socket.inode === inode)) return true
    if (!(await isStillRunning(target, procRoot))) return true
    if (performance.now() > deadline) return false
    await sleep(verifyPollMs)
  }
}
