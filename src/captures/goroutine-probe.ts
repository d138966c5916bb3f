/** Who awaits the promises that a session holds in a target, asked for in slices. */
import { InspectorError } from '../errors.ts'
import type { CommandOptions, Session } from '../inspector/session.ts'
import type { Frame } from './goroutine-entry.ts'
import { framesOf } from './goroutine-frames.ts'
import { probeHeld } from './in-target/held.ts'
import { probe } from './in-target/probe.ts'
import { callName, callSites, rawFrame } from './in-target/stack-frames.ts'
import { functionDeclaration } from './in-target/target-source.ts'
import { callForJson } from './remote-objects.ts'

export interface Probed {
  /** Nearest awaiter first, by the number of the promise; none where nobody awaits it, or several do. */
  readonly chains: ReadonlyMap<number, readonly Frame[]>
  readonly notes: readonly string[]
  readonly costMs: number
}

/** One slice: a pause of the event loop that nobody notices. */
const sliceMs = 4

/** Microtasks run when JavaScript returns to the event loop, which may be blocked. */
const sliceTimeoutMs = 1000

/** `holder`: object whose `subjects` are promises and resolve functions, `count` of them. */
export async function probeSubjects(
  session: Session,
  holder: string,
  count: number,
  { maxFrames, signal }: CommandOptions & { readonly maxFrames: number },
): Promise<Probed> {
  const declaration = functionDeclaration(probeHeld, [callName, rawFrame, callSites, probe])
  const chains = new Map<number, readonly Frame[]>()
  let costMs = 0
  let asked = 0
  while (asked < count) {
    const parameters = [asked, maxFrames, sliceMs].map((value) => ({ value }))
    const options = { timeoutMs: sliceTimeoutMs, signal, awaitPromise: true }
    const answer = await callForJson(session, holder, declaration, parameters, options).catch(
      unlessBlocked,
    )
    const slice = (answer ?? {}) as { chains?: unknown; costMs?: unknown }
    const found = Array.isArray(slice.chains) ? slice.chains : []
    for (const [index, chain] of found.entries()) chains.set(asked + index, framesOf(chain))
    costMs += Number(slice.costMs) || 0
    asked += found.length
    if (found.length === 0) break
  }
  if (asked >= count) return { chains, notes: [], costMs }
  const why = 'its event loop did not come round, or its Promise is not the original one'
  const note = `who awaits ${count - asked} of ${count} promises is unknown: ${why}`
  return { chains, notes: [note], costMs }
}

function unlessBlocked(error: unknown): undefined {
  if (error instanceof InspectorError && error.code === 'command-timeout') return undefined
  throw error
}
