/** Marks for a heap snapshot: which promise is awaited where, by V8's own account. */
import { InspectorError } from '../errors.ts'
import type { CommandOptions, Session } from '../inspector/session.ts'
import type { Frame } from './goroutine-entry.ts'
import { framesOf } from './goroutine-frames.ts'
import { findInternals } from './goroutine-internals.ts'
import { endMarks, pprofdMarkSlice, startMarks } from './in-target/marks.ts'
import { own } from './in-target/own.ts'
import { probe } from './in-target/probe.ts'
import { callName, callSites, rawFrame } from './in-target/stack-frames.ts'
import { functionDeclaration } from './in-target/target-source.ts'
import { callForJson, remoteObject } from './remote-objects.ts'

export interface PromiseMarks {
  /** By the number of the mark: the function that awaits, or the combinator. */
  readonly frames: readonly (Frame | undefined)[]
  readonly notes: readonly string[]
  /** How long the target stood still for the list of its promises. */
  readonly pauseMs: number
  /** That, and asking about each in slices. */
  readonly costMs: number
}

/** The walk of a heap of some GB; the target is stopped for as long, but nobody refused it. */
const walkTimeoutMs = 120_000

const sliceMs = 4

/** Microtasks run when JavaScript returns to the event loop, which may be blocked. */
const sliceTimeoutMs = 2000

/** Places in the source at which something is awaited. */
const maxAnswers = 20_000

/** Of the list of all promises, which is let go before the snapshot. */
const listGroup = 'pprofd promises'

/** Holds the marked promises in an object of the session until the session's objects are released. */
export async function markPromises(
  session: Session,
  { signal }: CommandOptions,
): Promise<PromiseMarks> {
  const options = { timeoutMs: 5000, signal }
  const meter = { costMs: 0 }
  const holder = await remoteObject(session, '({})', options)
  const prototype = await remoteObject(session, '(async () => {})().constructor.prototype', options)
  const { internalBinding } = await findInternals(session, { ...options, meter })
  if (holder === undefined || prototype === undefined || internalBinding === undefined) {
    const note = 'its promises are out of reach: functions are shown where they begin'
    return { frames: [], notes: [note], pauseMs: 0, costMs: meter.costMs }
  }
  const call = (declaration: string, parameters: Parameters<typeof callForJson>[3], wait = false) =>
    callForJson(session, holder, declaration, parameters, {
      ...options,
      timeoutMs: sliceTimeoutMs,
      awaitPromise: wait,
    })
  const startedMs = performance.now()
  let total = 0
  try {
    const walk = { prototypeObjectId: prototype, objectGroup: listGroup }
    const walkOptions = { ...options, timeoutMs: walkTimeoutMs }
    const { objects } = await session.send('Runtime.queryObjects', walk, walkOptions)
    const list = { objectId: objects.objectId ?? '' }
    total = Number(await call(functionDeclaration(startMarks), [list]))
  } finally {
    await session
      .send('Runtime.releaseObjectGroup', { objectGroup: listGroup }, { timeoutMs: 500 })
      .catch(() => {})
  }
  const pauseMs = performance.now() - startedMs
  let costMs = meter.costMs + pauseMs
  const slice = functionDeclaration(pprofdMarkSlice, [own, callName, rawFrame, callSites, probe])
  const limits = [sliceMs, maxAnswers].map((value) => ({ value }))
  let done = 0
  while (done < total) {
    const parameters = [{ objectId: internalBinding }, ...limits]
    const answer = await call(slice, parameters, true).catch(unlessBlocked)
    const { next, costMs: spentMs } = (answer ?? {}) as { next?: unknown; costMs?: unknown }
    costMs += Number(spentMs) || 0
    if (!(Number(next) > done)) break
    done = Number(next)
  }
  const answers = await call(functionDeclaration(endMarks), [])
  const frames = Array.isArray(answers) ? answers.map((raw) => framesOf([raw])[0]) : []
  return { frames, notes: done < total ? [unasked(total - done, total)] : [], pauseMs, costMs }
}

function unasked(left: number, total: number): string {
  const why = 'its event loop did not come round, or its Promise is not the original one'
  return `where ${left} of ${total} promises are awaited is unknown: ${why}`
}

function unlessBlocked(error: unknown): undefined {
  if (error instanceof InspectorError && error.code === 'command-timeout') return undefined
  throw error
}
