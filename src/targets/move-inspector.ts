/** Moving an inspector that pprofd opened to a port of its own, so that the next target can be signalled. */
import { InspectorError, TargetError } from '../errors.ts'
import { evaluate } from '../inspector/evaluate.ts'
import type { Session } from '../inspector/session.ts'
import type { InspectorFinder, OpenInspector } from './find-inspector.ts'
import { awaitInspector, listenersBefore } from './open-inspector.ts'
import type { Target } from './target.ts'

/**
 * The module is asked for first: if that fails, nothing has happened. Nothing is scheduled, so it works in a blocked event loop, too (seen on Node 18, 20, 22, 24 and 26).
 */
const moveExpression = `(inspector => {
  process._debugEnd()
  inspector.open(0, '127.0.0.1')
})(process.getBuiltinModule?.('inspector') ?? require('inspector'))`

const moveTimeoutMs = 2000

/** On its way: the port it was on is free, and where it is now remains to be found. */
export interface Moving {
  /** @throws {TargetError} target-vanished, or attach-failed where it may arrive later, unseen. */
  readonly arrived: () => Promise<OpenInspector>
}

/**
 * The session is over then, for the inspector drops its connections when it moves. Undefined, with the
 * session as it was, where the target cannot move it: it stays.
 * @throws {TargetError} attach-failed where it may move later, unseen.
 */
export async function moveInspector(
  target: Target,
  session: Session,
  finder: InspectorFinder,
  procRoot: string,
): Promise<Moving | undefined> {
  const before = await listenersBefore(target, procRoot)
  const options = { timeoutMs: moveTimeoutMs, usesModules: true }
  // Usually without an answer: the connection drops before it could come.
  const cause = await evaluate(session, moveExpression, options).catch((error: unknown) => error)
  if (isRefusal(cause)) return undefined
  if (!session.isClosed) throw unanswered(target, cause)
  const arrived = async () => {
    const moved = await awaitInspector(target, before, finder, procRoot)
    if (moved === undefined) throw unanswered(target, cause)
    return moved
  }
  return { arrived }
}

function unanswered({ pid }: Target, cause: unknown): TargetError {
  return new TargetError(
    'attach-failed',
    `process ${pid} opened its inspector, but did not answer within ${moveTimeoutMs} ms; it may be blocked in native code`,
    { cause },
  )
}

function isRefusal(failure: unknown): boolean {
  return failure instanceof InspectorError && failure.code === 'command-failed'
}
