/**
 * What a thread does at this moment: V8 interrupts JavaScript to evaluate, also in a loop without end,
 * in Atomics.wait and in a regular expression. Only native code does not let it.
 */
import { InspectorError } from '../errors.ts'
import { evaluate } from '../inspector/evaluate.ts'
import type { Session } from '../inspector/session.ts'
import type { Frame } from './goroutine-entry.ts'
import { framesOf, positionOf } from './goroutine-frames.ts'
import { runningStack, threadSelf } from './in-target/running-stack.ts'
import { callName, callSites, rawFrame } from './in-target/stack-frames.ts'
import { callExpression } from './in-target/target-source.ts'

export interface RunningStack {
  /** Nearest call first, then the async functions that wait for it; empty in an idle event loop. */
  readonly frames: readonly Frame[]
  readonly elided: boolean
  /** How long the thread worked for the answer. */
  readonly costMs: number
  /** Kernel id of the thread as it is called in the target's own pid namespace; undefined where unknown. */
  readonly innermostTid: number | undefined
}

export interface RunningOptions {
  readonly maxFrames: number
  /** Without an answer for so long the thread is in native code. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/** Undefined when the thread does not answer in time. It does so later, for nobody. */
export async function readRunning(
  session: Session,
  { maxFrames, timeoutMs, signal }: RunningOptions,
): Promise<RunningStack | undefined> {
  const needed = [callName, rawFrame, callSites, threadSelf]
  const expression = callExpression(runningStack, needed, maxFrames, true)
  try {
    return parse(await evaluate(session, expression, { timeoutMs, signal, usesModules: true }))
  } catch (error) {
    if (error instanceof InspectorError && error.code === 'command-timeout') return undefined
    throw error
  }
}

function parse(answer: unknown): RunningStack {
  const { frames, elided, costMs, self } = (answer ?? {}) as Record<string, unknown>
  const tid = /\/task\/(\d+)$/.exec(String(self))?.[1]
  return {
    frames: framesOf(frames),
    elided: elided === true,
    costMs: typeof costMs === 'number' ? costMs : 0,
    innermostTid: tid === undefined ? undefined : positionOf(Number(tid)),
  }
}
