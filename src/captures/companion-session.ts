/**
 * A second session beside one whose events can queue up behind a slow reader. A target that wants to
 * exit waits until all its sessions are closed; this one hears of it at once.
 */
import { InspectorError } from '../errors.ts'
import type { Session } from '../inspector/session.ts'
import type { Attachment } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'

export interface Companion {
  readonly session: Session
  /** Fires when the target wants to exit, or has. */
  readonly exiting: AbortSignal
}

/** Works with a companion, which ends with the work. pprofd itself needs none: it waits for nobody. */
export async function withCompanion<T>(
  targets: Targets,
  { target }: Attachment,
  signal: AbortSignal | undefined,
  work: (companion: Companion | undefined) => Promise<T>,
): Promise<T> {
  if (target.kind === 'self') return work(undefined)
  const { session, detach } = await targets.attach(target, { signal })
  const exiting = new AbortController()
  void session.closed.then(() =>
    exiting.abort(new InspectorError('session-closed', 'the target is exiting')),
  )
  try {
    return await work({ session, exiting: exiting.signal })
  } finally {
    await detach({ forGood: true })
  }
}
