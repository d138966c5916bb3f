/**
 * What a blocked thread does, found out while it is blocked. The kernel is asked first: a thread that
 * sleeps in a system call of native code (execSync, readFileSync of a pipe) runs no JavaScript before
 * that returns, so it is not attached to. Otherwise V8 interrupts the JavaScript for its stack.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { withAttachment } from '../captures/attached.ts'
import { blockedDraft } from '../captures/goroutine-kernel.ts'
import { readRunning } from '../captures/goroutine-running.ts'
import { OperationalError } from '../errors.ts'
import type { KernelView } from '../targets/kernel-view.ts'
import type { Attachment, Target } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'
import type { StallEvidence, StallStack } from './stall-report.ts'

export interface StallInProgress {
  readonly target: Target
  /** From its beginning to now, ms; undefined when it is over. */
  elapsedMs(): number | undefined
  /** Fires when it is over, or pprofd stops. */
  readonly signal: AbortSignal
  /** False: only the kernel is asked. */
  readonly mayAttach: boolean
}

/** A loop of writeFileSync is now and then seen in a system call: it needs more than one look. */
const kernelLooks = 3
const kernelGapMs = 20

/** Waits between stacks: two tell whether it stays in the same place, the third whether it gets on. */
const stackGapsMs = [100, 400]
const maxFrames = 100
const answerMs = 1000
/** Attaching to a busy process takes 0.1 to 0.5 s; one that needs longer is in native code. */
const attachTimeoutMs = 5000

/** Never rejects. */
export async function gatherEvidence(
  targets: Targets,
  stall: StallInProgress,
): Promise<StallEvidence> {
  const [{ waitsFor, runsJavaScript, isInFutex }, figures] = await Promise.all([
    askKernel(targets, stall),
    targets.figures(stall.target).catch(() => undefined),
  ])
  const known = { nodeVersion: figures?.nodeVersion ?? 'unknown', waitsFor, stacks: [] }
  if (!stall.mayAttach) {
    return { ...known, notes: ['no stack: pprofd was looking into other stalls at that time'] }
  }
  if (!runsJavaScript) {
    const note =
      'no stack: the thread is inside a call of native code, which lets no JavaScript be asked'
    return { ...known, notes: [note] }
  }
  if (isInFutex && (await mayBeDebugged(targets, stall.target))) {
    const note =
      'no stack: its inspector was open and the thread asleep; a debugger may have paused it'
    return { ...known, notes: [note] }
  }
  return { ...known, ...(await takeStacks(targets, stall)) }
}

async function askKernel(targets: Targets, { target, signal }: StallInProgress) {
  let waitsFor: string | undefined
  for (let look = 0; look < kernelLooks && !signal.aborted; look++) {
    if (look > 0) await sleep(kernelGapMs)
    const { threads, children }: KernelView = await targets
      .kernelView(target)
      .catch(() => ({ threads: [], children: [] }))
    const main = threads.find(({ tid }) => tid === target.pid)
    if (main === undefined) break
    const isInFutex = /futex/.test(`${main.syscall} ${main.waitChannel}`)
    if (main.state === 'R' || isInFutex) {
      return { waitsFor: undefined, runsJavaScript: true, isInFutex }
    }
    waitsFor = blockedDraft(main, children).waitsFor
  }
  return { waitsFor, runsJavaScript: false, isInFutex: false }
}

/** Ours do not pause. */
async function mayBeDebugged(targets: Targets, target: Target): Promise<boolean> {
  if (targets.isAttached(target)) return false
  const judged = await targets.preflight(target).catch(() => undefined)
  return judged?.via === 'open-inspector'
}

async function takeStacks(
  targets: Targets,
  stall: StallInProgress,
): Promise<Pick<StallEvidence, 'stacks' | 'notes'>> {
  const signal = AbortSignal.any([stall.signal, AbortSignal.timeout(attachTimeoutMs)])
  const stacks: StallStack[] = []
  try {
    await withAttachment(targets, stall.target, { kind: 'goroutine', signal }, (attachment) =>
      fill(stacks, attachment, stall),
    )
  } catch (error) {
    if (stacks.length === 0) return { stacks, notes: [reasonOf(error, stall)] }
  }
  if (stacks.length > 0) return { stacks, notes: [] }
  const note = 'no stack: it ran no JavaScript that could be asked while it was blocked'
  return { stacks, notes: [stall.signal.aborted ? overTooSoon : note] }
}

const overTooSoon = 'no stack: it was over before one could be taken'

async function fill(
  stacks: StallStack[],
  { session }: Attachment,
  { elapsedMs, signal }: StallInProgress,
): Promise<void> {
  for (const gapMs of [...stackGapsMs, undefined]) {
    const running = await readRunning(session, { maxFrames, timeoutMs: answerMs, signal })
    const afterMs = elapsedMs()
    // It was asked in the turn that is the stall only if that still goes on.
    if (running === undefined || afterMs === undefined) return
    if (running.frames.length > 0) stacks.push({ afterMs, frames: running.frames })
    if (gapMs !== undefined) await sleep(gapMs, undefined, { signal })
  }
}

function reasonOf(error: unknown, { signal }: StallInProgress): string {
  if (signal.aborted) return overTooSoon
  const message = error instanceof OperationalError ? error.message : String(error)
  return `no stack: ${message}`
}
