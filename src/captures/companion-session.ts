/**
 * A second session beside one whose events can queue up behind a slow reader. A target that wants to
 * exit waits until all its sessions are closed; this one hears of it at once.
 */
import type { Session } from '../inspector/session.ts'
import type { Attachment } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'

/** Works with a companion, which ends with the work. pprofd itself needs none: it waits for nobody. */
export async function withCompanion<T>(
  targets: Targets,
  { target, session }: Attachment,
  signal: AbortSignal | undefined,
  work: (companion: Session | undefined) => Promise<T>,
): Promise<T> {
  if (target.kind === 'self') return work(undefined)
  const companion = await targets.attach(target, { signal })
  let isOver = false
  void companion.session.closed.then(() => {
    if (!isOver) void session.close('the target is exiting')
  })
  try {
    return await work(companion.session)
  } finally {
    isOver = true
    await companion.detach({ forGood: true })
  }
}
