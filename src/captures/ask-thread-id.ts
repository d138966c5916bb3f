import { setTimeout as sleep } from 'node:timers/promises'
import { evaluate } from '../inspector/evaluate.ts'
import type { CommandOptions, Session } from '../inspector/session.ts'
import { threadSelf } from './in-target/running-stack.ts'
import { callExpression } from './in-target/target-source.ts'

/**
 * With the command-line API Node loads parts of itself before the expression runs. In a worker that is
 * just starting these keep what is not loaded yet for ever, and the program dies of it ("fs.realpathSync
 * is not a function", Node 18, in 3 of 150 recordings in which a worker started). Who can do without
 * the API does: Node since 20.16 and 22.3.
 */
const needsApi = `typeof process !== 'object' || !process.getBuiltinModule`

export interface AskOptions extends CommandOptions {
  /** Where the API is needed, how long to wait before, so that a worker's start is over. (default: 0) */
  readonly settleMs?: number
}

/** The kernel's id of a session's thread, as its own pid namespace has it; undefined where it is unknown. */
export async function askThreadId(
  session: Session,
  { settleMs = 0, ...options }: AskOptions = {},
): Promise<number | undefined> {
  const commandLineApi = (await evaluate(session, needsApi, options)) !== false
  if (commandLineApi && settleMs > 0) await sleep(settleMs, undefined, { ref: false })
  const expression = callExpression(threadSelf, [])
  const self = await evaluate(session, expression, { ...options, commandLineApi })
  const threadId = /^\d+\/task\/(\d{1,9})$/.exec(String(self))?.[1]
  return threadId === undefined ? undefined : Number(threadId)
}
