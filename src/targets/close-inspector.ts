/** Closing an inspector that pprofd opened, and proving that it is closed. */
import { setTimeout as sleep } from 'node:timers/promises'
import { evaluate } from '../inspector/evaluate.ts'
import type { Session } from '../inspector/session.ts'
import { namespaceListeners } from '../proc/listening-sockets.ts'
import { isStillRunning } from '../proc/process-identity.ts'
import type { OpenInspector } from './find-inspector.ts'
import type { Target } from './target.ts'

/** The socket is gone a few ms after the answer; a busy machine may need longer. */
const verifyTimeoutMs = 1000
const verifyPollMs = 5
const closeTimeoutMs = 3000

/**
 * Asks through the session, which ends with it. False when the listener is still there afterwards.
 *
 * `process._debugEnd` is what `inspector.close()` calls; called directly, and not from a timer, it
 * works in a blocked event loop, too, and nothing of ours stays scheduled in the target. Its answer
 * never comes: the connection drops first.
 */
export async function closeInspector(
  target: Target,
  { socket }: OpenInspector,
  session: Session,
  procRoot: string,
): Promise<boolean> {
  const asked = evaluate(session, 'process._debugEnd()', { timeoutMs: closeTimeoutMs })
  await Promise.race([asked.catch(() => {}), session.closed])
  await session.close()
  return isGone(target, socket.inode, procRoot)
}

async function isGone(target: Target, inode: string, procRoot: string): Promise<boolean> {
  const deadline = performance.now() + verifyTimeoutMs
  for (;;) {
    const listeners = await namespaceListeners(target.pid, procRoot)
    if (!listeners.some((socket) => socket.inode === inode)) return true
    if (!(await isStillRunning(target, procRoot))) return true
    if (performance.now() > deadline) return false
    await sleep(verifyPollMs)
  }
}
