/**
 * Suspended functions by the promises that they await, where the memory cannot be read: a list of all
 * promises from V8, which stops the target for a walk of its heap, and a probe of each, in slices.
 *
 * Counts are upper bounds: a promise that passes its value on counts like the one that it waits for.
 * Functions that await a promise together are missing, for V8 does not tell who they are.
 */
import { CaptureError } from '../errors.ts'
import { evaluate } from '../inspector/evaluate.ts'
import type { CommandOptions, Session } from '../inspector/session.ts'
import type { Attachment } from '../targets/target.ts'
import type { Draft } from './draft-entries.ts'
import type { Cut, Frame } from './goroutine-entry.ts'
import { framesOf } from './goroutine-frames.ts'
import { findInternals } from './goroutine-internals.ts'
import { own } from './in-target/own.ts'
import { probe } from './in-target/probe.ts'
import { callName, callSites, rawFrame } from './in-target/stack-frames.ts'
import { endTally, startTally, tallySlice } from './in-target/tally.ts'
import { functionDeclaration } from './in-target/target-source.ts'
import { callForJson, releaseObjects, remoteObject } from './remote-objects.ts'

export interface PromisesOptions extends CommandOptions {
  readonly maxFrames?: number | undefined
  /** Refuse when the walk of the heap would probably stop the target for longer; undefined: no limit. */
  readonly maxPauseMs?: number | undefined
}

export interface SuspendedByPromises {
  readonly drafts: readonly Draft[]
  readonly cuts: readonly Cut[]
  readonly notes: readonly string[]
  readonly costMs: number
}

/** Measured: 75 ms and 12 to 20 ms a MB, 9 to 11 s at 670 MB. */
const pauseMs = { empty: 80, perMb: 20 } as const

/** The walk of a heap of some GB; the target is stopped for as long, but nobody refused it. */
const walkTimeoutMs = 120_000

const sliceMs = 4
const sliceTimeoutMs = 2000
const maxStacks = 5000

/** @throws {CaptureError} pause-too-long. */
export async function readPromises(
  { session, target }: Attachment,
  { maxFrames = 100, maxPauseMs, signal }: PromisesOptions,
): Promise<SuspendedByPromises> {
  const options = { timeoutMs: 5000, signal }
  const expectedMs = await expectedPauseMs(session, options)
  if (maxPauseMs !== undefined && !(expectedMs <= maxPauseMs)) {
    const message =
      `listing the promises of ${target.id} would stop it for about ${expectedMs} ms, ` +
      `and limits.maxPauseMs is ${maxPauseMs}; force=1 does it all the same`
    throw new CaptureError('pause-too-long', message)
  }
  try {
    return await tally(session, maxFrames, options)
  } finally {
    await releaseObjects(session)
  }
}

/** How long the walk of the heap will probably stop the target. */
export async function expectedPauseMs(session: Session, options: CommandOptions): Promise<number> {
  const heapBytes = Number(await evaluate(session, 'process.memoryUsage().heapUsed', options))
  return Math.round(promisesPauseMs(heapBytes))
}

export function promisesPauseMs(heapBytes: number): number {
  return pauseMs.empty + (heapBytes / 1e6) * pauseMs.perMb
}

async function tally(
  session: Session,
  maxFrames: number,
  options: CommandOptions,
): Promise<SuspendedByPromises> {
  const holder = await remoteObject(session, '({})', options)
  const prototype = await remoteObject(session, '(async () => {})().constructor.prototype', options)
  const meter = { costMs: 0 }
  const { internalBinding } = await findInternals(session, { ...options, meter })
  if (holder === undefined || prototype === undefined || internalBinding === undefined) {
    return { drafts: [], cuts: [], notes: ['its promises are out of reach'], costMs: meter.costMs }
  }
  const walk = { prototypeObjectId: prototype, objectGroup: 'pprofd' }
  const walkOptions = { ...options, timeoutMs: walkTimeoutMs }
  const startedMs = performance.now()
  const { objects } = await session.send('Runtime.queryObjects', walk, walkOptions)
  let costMs = meter.costMs + performance.now() - startedMs
  const call = (declaration: string, parameters: Parameters<typeof callForJson>[3], wait = false) =>
    callForJson(session, holder, declaration, parameters, {
      ...options,
      timeoutMs: sliceTimeoutMs,
      awaitPromise: wait,
    })
  const total = Number(
    await call(functionDeclaration(startTally), [{ objectId: objects.objectId ?? '' }]),
  )
  const needed = [own, callName, rawFrame, callSites, probe]
  const slice = functionDeclaration(tallySlice, needed)
  const limits = [maxFrames, sliceMs, maxStacks].map((value) => ({ value }))
  let done = 0
  while (done < total) {
    const parameters = [{ objectId: internalBinding }, ...limits]
    const answer = (await call(slice, parameters, true)) as { next?: unknown; costMs?: unknown }
    costMs += Number(answer.costMs) || 0
    if (!(Number(answer.next) > done)) break
    done = Number(answer.next)
  }
  const counts = await call(functionDeclaration(endTally), [])
  const cuts = done < total ? [{ what: 'promises', shown: done, total }] : []
  const note =
    'suspended functions are counted by their promises: an upper bound, without those that await one promise together'
  return { drafts: suspended(counts, maxFrames), cuts, notes: [note], costMs }
}

interface Counted {
  readonly chain: readonly Frame[]
  count: number
}

/** `counts`: pairs of count and chain. A chain that another one goes on with is not where it waits. */
export function suspended(counts: unknown, maxFrames: number): readonly Draft[] {
  const byChain = new Map<string, Counted>()
  for (const pair of Array.isArray(counts) ? counts : []) {
    const [count, raw] = Array.isArray(pair) ? pair : []
    const chain = framesOf(raw)
    if (chain.length > 0 && Number(count) > 0) {
      byChain.set(JSON.stringify(chain), { chain, count: Number(count) })
    }
  }
  const all = [...byChain.values()]
  for (const { chain, count } of all.map((each) => ({ ...each }))) {
    const caller = byChain.get(JSON.stringify(chain.slice(1)))
    if (caller !== undefined) caller.count -= count
  }
  return all
    .filter(({ chain, count }) => count > 0 && chain[0]?.function.startsWith('Promise.') === false)
    .map(({ chain, count }) => ({
      kind: 'async-function',
      state: 'awaiting',
      count,
      stack: chain,
      ...(chain.length >= maxFrames ? { elided: true } : {}),
    }))
}
