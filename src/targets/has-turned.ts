/**
 * Node carries out SIGUSR1 twice: by interrupting JavaScript, and in the next turn of the event loop,
 * where nothing happens if the inspector is open. A program that is starting, or blocked, may be let go
 * before that turn.
 */
import { evaluate } from '../inspector/evaluate.ts'
import type { Session } from '../inspector/session.ts'

/** A turn of a busy server takes some ms. */
const turnTimeoutMs = 100

/** Whether the event loop turns now: what was requested of it before has been carried out then. */
export async function hasTurned(session: Session, timeoutMs = turnTimeoutMs): Promise<boolean> {
  const expression = 'new Promise(done => { setImmediate(() => done(true)) })'
  const options = { timeoutMs, awaitPromise: true }
  return (await evaluate(session, expression, options).catch(() => false)) === true
}
