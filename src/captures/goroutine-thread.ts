/** Everything that one thread of a target has in hand. */
import type { Session } from '../inspector/session.ts'
import type { Draft } from './draft-entries.ts'
import type { Cut } from './goroutine-entry.ts'
import { type InventoryOptions, readInventory } from './goroutine-inventory.ts'
import { type RunningStack, readRunning } from './goroutine-running.ts'

export interface ThreadSnapshot {
  readonly thread: string
  /** False: it is in native code, and nothing more is known of it here. */
  readonly answered: boolean
  readonly drafts: readonly Draft[]
  readonly cuts: readonly Cut[]
  readonly notes: readonly string[]
  readonly costMs: number
  readonly innermostTid: number | undefined
}

export interface ThreadOptions extends InventoryOptions {
  /** Without an answer for so long the thread is in native code. */
  readonly answerMs: number
}

export async function readThread(
  session: Session,
  thread: string,
  options: ThreadOptions,
): Promise<ThreadSnapshot> {
  const { maxFrames, answerMs, signal } = options
  const running = await readRunning(session, { maxFrames, timeoutMs: answerMs, signal })
  if (running === undefined) {
    const nothing = { drafts: [], cuts: [], notes: [], costMs: 0, innermostTid: undefined }
    return { thread, answered: false, ...nothing }
  }
  const inventory = await readInventory(session, options)
  return {
    thread,
    answered: true,
    drafts: [runningDraft(running), ...inventory.drafts],
    cuts: inventory.cuts,
    notes: inventory.notes,
    costMs: running.costMs + inventory.costMs,
    innermostTid: running.innermostTid,
  }
}

function runningDraft({ frames, elided }: RunningStack): Draft {
  const common = { kind: 'running', count: 1, stack: frames } as const
  if (frames.length === 0) return { ...common, state: 'idle', waitsFor: 'events of its event loop' }
  return { ...common, state: 'running', ...(elided ? { elided } : {}) }
}
