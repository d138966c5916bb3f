/**
 * V8 gives the samples of a function that was in its own optimised loop when profiling began to that
 * function's caller (seen on Node 18 to 26). A thread that never comes to rest is therefore asked, a
 * few times, what it runs: V8 interrupts JavaScript for that, for about 0.3 ms. A thread that
 * rests is never asked: an idle event loop would be woken for it.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { evaluate } from '../inspector/evaluate.ts'
import type { Session } from '../inspector/session.ts'
import type { CheckedFrame, RunningCheck } from './cpu-recording.ts'
import { positionOf } from './goroutine-frames.ts'
import { runningFunctions } from './in-target/running-functions.ts'
import { callSites } from './in-target/stack-frames.ts'
import { callExpression } from './in-target/target-source.ts'
import type { ThreadClocks } from './thread-clocks.ts'

/** Two that agree are enough to repair a profile; more tell whether they stay the same. */
const maxChecks = 4

/** A thread that has used its processor for so long without a rest is asked. */
const busyForMs = 200

/** From one check to the next, doubled each time. */
const firstGapMs = 100

/** Who does not answer in that time is in native code, where there is nothing to check. */
const answerMs = 1000

/** Callers beyond these do not matter for who is meant. */
const maxFrames = 32

export class RunningChecks {
  readonly #clocks: ThreadClocks
  readonly #ending = new AbortController()
  readonly #watched: Promise<void>[] = []
  readonly #checks = new Map<string, RunningCheck[]>()

  constructor(clocks: ThreadClocks) {
    this.#clocks = clocks
  }

  /** Looks after the thread until `stop`. */
  watch(thread: string, session: Session): void {
    const checks: RunningCheck[] = []
    this.#checks.set(thread, checks)
    this.#watched.push(this.#watch(thread, session, checks))
  }

  of(thread: string): readonly RunningCheck[] {
    return this.#checks.get(thread) ?? []
  }

  async stop(): Promise<void> {
    this.#ending.abort()
    await Promise.all(this.#watched)
  }

  async #watch(thread: string, session: Session, checks: RunningCheck[]): Promise<void> {
    const { signal } = this.#ending
    let gapMs = firstGapMs
    for (let asked = 0; asked < maxChecks && !signal.aborted; ) {
      await sleep(gapMs, undefined, { signal, ref: false }).catch(() => {})
      if (signal.aborted || !this.#clocks.isBusy(thread, busyForMs)) continue
      asked++
      gapMs *= 2
      const check = await askWhatRuns(session, signal).catch(() => undefined)
      if (check === undefined) continue
      checks.push(check)
    }
  }
}

/** One look; undefined where the answer says nothing. */
export async function askWhatRuns(
  session: Session,
  signal: AbortSignal,
): Promise<RunningCheck | undefined> {
  const askedUs = nowUs()
  const expression = callExpression(runningFunctions, [callSites], maxFrames)
  const answer = await evaluate(session, expression, { timeoutMs: answerMs, signal })
  const { functions, costMs } = (answer ?? {}) as Record<string, unknown>
  if (!Array.isArray(functions)) return undefined
  return {
    askedUs,
    answeredUs: nowUs(),
    frames: functions.slice(0, maxFrames).flatMap(frameOf),
    costMs: typeof costMs === 'number' && costMs > 0 ? costMs : 0,
  }
}

/** V8's clock in profiles is this one, too. */
function nowUs(): number {
  return Number(process.hrtime.bigint() / 1000n)
}

/** The target may send anything. */
function frameOf(value: unknown): readonly CheckedFrame[] {
  if (!Array.isArray(value)) return []
  const [functionName, file, line, column, runningLine] = value
  if (typeof functionName !== 'string' || typeof file !== 'string') return []
  const url = file.startsWith('/') ? pathToFileURL(file.slice(0, 2000)).href : file.slice(0, 2000)
  return [
    {
      functionName: functionName.slice(0, 500),
      url,
      lineNumber: positionOf(line) - 1,
      columnNumber: positionOf(column) - 1,
      line: positionOf(runningLine),
    },
  ]
}
