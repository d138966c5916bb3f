/**
 * Node's modules for code that is evaluated: `process.getBuiltinModule` gives them since 20.16 and 22.3. Older ones
 * have `require`, but only with the inspector's command-line API, and with that Node loads parts of itself
 * before the expression runs. In a thread that is just starting these keep what is not loaded yet for ever, and
 * the program dies of it ("fs.realpathSync is not a function", Node 18, in 3 of 150 recordings in which a
 * worker started). So who can do without the API does, and the others wait until the start is over.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { CommandOptions, Session } from './session.ts'

/** A thread starts within some 50 ms, later where the processors are busy. */
const settleMs = 1000

/**
 * For how long the thread has run, in ms, where the API is needed; 0 where it cannot tell, as it has no `process`
 * yet. Not `process.uptime()`: that moves the clock of the event loop, by which a blocked one is known.
 */
const ageExpression = `typeof process !== 'object' ? 0 :
  process.getBuiltinModule ? -1 :
  typeof performance !== 'object' ? 0 : performance.now()`

const known = new WeakMap<Session, boolean>()

/** Whether an evaluation that uses Node's modules needs the API. Resolves when it may be used. */
export async function needsCommandLineApi(
  session: Session,
  options: CommandOptions,
): Promise<boolean> {
  const before = known.get(session)
  if (before !== undefined) return before
  let ageMs = await askAgeMs(session, options)
  // What a worker's clock counts from differs; it is at least as old as its session.
  if (session.isOfWorker && ageMs >= 0) ageMs = performance.now() - session.openedAtMs
  if (ageMs >= 0 && ageMs < settleMs) {
    await sleep(settleMs - ageMs, undefined, { ref: false, signal: options.signal }).catch(() =>
      options.signal?.throwIfAborted(),
    )
    ageMs = await askAgeMs(session, options)
  }
  const needsIt = ageMs >= 0
  known.set(session, needsIt)
  return needsIt
}

async function askAgeMs(session: Session, options: CommandOptions): Promise<number> {
  const { result } = await session.send(
    'Runtime.evaluate',
    { expression: ageExpression, returnByValue: true, silent: true },
    options,
  )
  return Number(result.value)
}
