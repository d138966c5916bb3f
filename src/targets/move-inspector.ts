/** Moving an inspector that pprofd opened to a port of its own, so that the next target can be signalled. */
import { InspectorError, TargetError } from '../errors.ts'
import type { InspectorEndpoint } from '../inspector/endpoint.ts'
import { evaluate } from '../inspector/evaluate.ts'
import type { Session } from '../inspector/session.ts'
import {
  answeredByAnother,
  type ConnectOptions,
  letGoOnExit,
  openSession,
  pidInside,
} from './connect.ts'
import type { InspectorFinder, OpenInspector } from './find-inspector.ts'
import { awaitInspector, listenersBefore } from './open-inspector.ts'
import type { Target } from './target.ts'

/**
 * The module is asked for first: if that fails, nothing has happened. Nothing is scheduled, so it works in a blocked event loop, too (seen on Node 18, 20, 22, 24 and 26).
 */
const move = `(inspector => {
  process._debugEnd()
  inspector.open(0, '127.0.0.1')
})`

const moveAnywhere = `${move}(process.getBuiltinModule?.('inspector') ?? require('inspector'))`

/** Whose inspector it is, and the move, in one: each answer takes its time where many are waited for. */
function moveIfIt(pid: number): string {
  return `process.pid !== ${pid} ? 'another' :
    process.getBuiltinModule ? ${move}(process.getBuiltinModule('inspector')) : 'old'`
}

const moveTimeoutMs = 2000

/** On its way: the port it was on is free, and where it is now remains to be found. */
export interface Moving {
  /** @throws {TargetError} target-vanished, or attach-failed where it may arrive later, unseen. */
  readonly arrived: () => Promise<OpenInspector>
}

/**
 * Undefined where the target cannot move it: it stays.
 * @throws {TargetError} attach-failed when another process answers, or where it may move later, unseen;
 * target-vanished.
 */
export async function moveInspector(
  target: Target,
  endpoint: InspectorEndpoint,
  finder: InspectorFinder,
  options: ConnectOptions,
): Promise<Moving | undefined> {
  const pid = await pidInside(target, options.procRoot)
  const session = await openSession(target, endpoint, options)
  try {
    const before = await listenersBefore(target, options.procRoot)
    // Usually without an answer: the connection drops before it could come.
    const answer = await sendMove(session, pid).catch((error: unknown) => error)
    if (answer === 'another') throw answeredByAnother(target)
    if (isRefusal(answer)) return undefined
    if (!session.isClosed) throw unanswered(target, answer)
    const arrived = async () => {
      const moved = await awaitInspector(target, before, finder, options.procRoot)
      if (moved === undefined) throw unanswered(target, answer)
      return moved
    }
    return { arrived }
  } finally {
    await session.close()
  }
}

async function sendMove(session: Session, pid: number): Promise<unknown> {
  const options = { timeoutMs: moveTimeoutMs }
  const answer = await evaluate(session, moveIfIt(pid), options)
  if (answer !== 'old') return answer
  // It may take until its start is over.
  await letGoOnExit(session)
  return evaluate(session, moveAnywhere, { ...options, usesModules: true })
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
