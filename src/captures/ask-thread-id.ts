import { evaluate } from '../inspector/evaluate.ts'
import type { CommandOptions, Session } from '../inspector/session.ts'
import { threadSelf } from './in-target/running-stack.ts'
import { callExpression } from './in-target/target-source.ts'

/** A session's thread keeps its id. */
const known = new WeakMap<Session, number>()

/** The kernel's id of a session's thread, as its own pid namespace has it; undefined where it is unknown. */
export async function askThreadId(
  session: Session,
  options: CommandOptions = {},
): Promise<number | undefined> {
  const before = known.get(session)
  if (before !== undefined) return before
  const expression = callExpression(threadSelf, [])
  const self = await evaluate(session, expression, { ...options, usesModules: true })
  const threadId = /^\d+\/task\/(\d{1,9})$/.exec(String(self))?.[1]
  if (threadId === undefined) return undefined
  known.set(session, Number(threadId))
  return Number(threadId)
}
