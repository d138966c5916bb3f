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

/** The seconds for which the process has run where the API is needed; 0 in a thread that has no `process` yet. */
const uptimeExpression =
  "typeof process !== 'object' ? 0 : process.getBuiltinModule ? -1 : process.uptime()"

const known = new WeakMap<Session, boolean>()

/** Whether an evaluation that uses Node's modules needs the API. Resolves when it may be used. */
export async function needsCommandLineApi(
  session: Session,
  options: CommandOptions,
): Promise<boolean> {
  const before = known.get(session)
  if (before !== undefined) return before
  let uptimeMs = await askUptimeMs(session, options)
  if (uptimeMs >= 0) {
    // Nobody tells when a worker began; it is at least as old as its session.
    const ageMs = session.isOfWorker ? performance.now() - session.openedAtMs : uptimeMs
    if (ageMs < settleMs) {
      await sleep(settleMs - ageMs, undefined, { ref: false, signal: options.signal }).catch(() =>
        options.signal?.throwIfAborted(),
      )
      uptimeMs = await askUptimeMs(session, options)
    }
  }
  const needsIt = uptimeMs >= 0
  known.set(session, needsIt)
  return needsIt
}

async function askUptimeMs(session: Session, options: CommandOptions): Promise<number> {
  const { result } = await session.send(
    'Runtime.evaluate',
    { expression: uptimeExpression, returnByValue: true, silent: true },
    options,
  )
  return Number(result.value) * 1000
}
