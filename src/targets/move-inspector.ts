/** Moving an inspector that pprofd opened to a port of its own, so that the next target can be signalled. */
import { evaluate } from '../inspector/evaluate.ts'
import type { Session } from '../inspector/session.ts'
import type { InspectorFinder, OpenInspector } from './find-inspector.ts'
import { awaitInspector, listenersBefore } from './open-inspector.ts'
import type { Target } from './target.ts'

/**
 * `require` comes from the command-line API and exists during the evaluation only, in CommonJS and in
 * ES-module programs. It is called first: if it fails, nothing has happened. Nothing is scheduled, so
 * it works in a blocked event loop, too (seen on Node 18, 20, 22, 24 and 26).
 */
const moveExpression = `(inspector => {
  process._debugEnd()
  inspector.open(0, '127.0.0.1')
})(require('inspector'))`

const moveTimeoutMs = 2000

/**
 * The inspector at its new port; the session is over then, for it drops its connections when it moves.
 * Undefined, with the session as it was, where it stays.
 * @throws {TargetError} target-vanished.
 */
export async function moveInspector(
  target: Target,
  session: Session,
  finder: InspectorFinder,
  procRoot: string,
): Promise<OpenInspector | undefined> {
  const before = await listenersBefore(target, procRoot)
  const options = { timeoutMs: moveTimeoutMs, commandLineApi: true }
  // Without an answer: the connection drops before it could come.
  await evaluate(session, moveExpression, options).catch(() => {})
  if (!session.isClosed) return undefined
  return awaitInspector(target, before, finder, procRoot)
}
