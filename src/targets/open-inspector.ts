/** SIGUSR1: the one signal that makes a running Node open its inspector. */
import { setTimeout as sleep } from 'node:timers/promises'
import { TargetError } from '../errors.ts'
import { namespaceListeners } from '../proc/listening-sockets.ts'
import { isStillRunning } from '../proc/process-identity.ts'
import type { InspectorFinder, OpenInspector } from './find-inspector.ts'
import type { Target } from './target.ts'

/** 16-27 ms are usual, 110 ms were seen under load. */
const openTimeoutMs = 2000
const openPollMs = 4

/**
 * Signals the process once and waits for its inspector. Pre-flight must have passed just before.
 * @throws {TargetError} target-vanished, or attach-failed when no inspector appears in time.
 */
export async function openInspector(
  target: Target,
  /** Inodes of all listeners before: what is new afterwards is what the signal opened. */
  before: ReadonlySet<string>,
  finder: InspectorFinder,
  procRoot: string,
): Promise<OpenInspector> {
  const { pid } = target
  if (!(await isStillRunning(target, procRoot))) throw vanished(pid)
  signal(pid)
  const deadline = performance.now() + openTimeoutMs
  while (performance.now() < deadline) {
    await sleep(openPollMs)
    const opened = await newInspector(target, before, finder, procRoot)
    if (opened !== undefined) return opened
    if (!(await isStillRunning(target, procRoot))) throw vanished(pid)
  }
  throw new TargetError(
    'attach-failed',
    `process ${pid} opened no inspector within ${openTimeoutMs} ms of SIGUSR1: ` +
      'the application probably handles that signal itself, or is blocked in native code',
  )
}

function signal(pid: number): void {
  try {
    process.kill(pid, 'SIGUSR1')
  } catch (cause) {
    const message = `process ${pid} could not be signalled: ${String(cause)}`
    throw new TargetError('attach-failed', message, { cause })
  }
}

/** Cheap while nothing is new: only a fresh listener is worth a walk through the descriptors. */
async function newInspector(
  target: Target,
  before: ReadonlySet<string>,
  finder: InspectorFinder,
  procRoot: string,
): Promise<OpenInspector | undefined> {
  const listeners = await namespaceListeners(target.pid, procRoot)
  const fresh = listeners.some(({ inode, uid }) => uid === target.uid && !before.has(inode))
  if (!fresh) return undefined
  const found = await finder.find(target)
  return found !== undefined && !before.has(found.socket.inode) ? found : undefined
}

function vanished(pid: number): TargetError {
  return new TargetError('target-vanished', `process ${pid} ended before pprofd could attach`)
}
