/** SIGUSR1: the one signal that makes a running Node open its inspector. */
import { setTimeout as sleep } from 'node:timers/promises'
import { TargetError } from '../errors.ts'
import { ipv4Listeners } from '../proc/listening-sockets.ts'
import { isStillRunning } from '../proc/process-identity.ts'
import type { InspectorFinder, OpenInspector } from './find-inspector.ts'
import type { Target } from './target.ts'

/** 2-27 ms are usual, 110 ms were seen under load. */
const openTimeoutMs = 2000

/** The next target waits for the port meanwhile. A look takes 0.1 ms. */
const openPollMs = 1
const slowOpenMs = 50
const slowPollMs = 4

/** Inodes of listening sockets: what is not among them later is new. */
export type SocketsBefore = ReadonlySet<string>

export async function listenersBefore(target: Target, procRoot: string): Promise<SocketsBefore> {
  return new Set((await ipv4Listeners(target.pid, procRoot)).map(({ inode }) => inode))
}

/**
 * Signals the process once and waits for its inspector. Pre-flight must have passed just before.
 * @throws {TargetError} target-vanished, or attach-failed when no inspector appears in time.
 */
export async function openInspector(
  target: Target,
  before: SocketsBefore,
  finder: InspectorFinder,
  procRoot: string,
): Promise<OpenInspector> {
  if (!(await isStillRunning(target, procRoot))) throw vanished(target)
  signal(target)
  const opened = await awaitInspector(target, before, finder, procRoot)
  if (opened !== undefined) return opened
  throw new TargetError(
    'attach-failed',
    `process ${target.pid} opened no inspector within ${openTimeoutMs} ms of SIGUSR1: ` +
      'the application probably handles that signal itself, or is blocked in native code',
  )
}

/**
 * Waits for an inspector that was not there before; undefined when none comes in time.
 * @throws {TargetError} target-vanished.
 */
export async function awaitInspector(
  target: Target,
  before: SocketsBefore,
  finder: InspectorFinder,
  procRoot: string,
): Promise<OpenInspector | undefined> {
  const beganMs = performance.now()
  for (let tookMs = 0; tookMs < openTimeoutMs; tookMs = performance.now() - beganMs) {
    await sleep(tookMs < slowOpenMs ? openPollMs : slowPollMs)
    const opened = await newInspector(target, before, finder, procRoot)
    if (opened !== undefined) return opened
    if (!(await isStillRunning(target, procRoot))) throw vanished(target)
  }
  return undefined
}

/** Cheap while nothing is new: only a fresh listener is worth a walk through the descriptors. */
async function newInspector(
  target: Target,
  before: SocketsBefore,
  finder: InspectorFinder,
  procRoot: string,
): Promise<OpenInspector | undefined> {
  const listeners = await ipv4Listeners(target.pid, procRoot)
  const isNew = ({ inode }: { readonly inode: string }) => !before.has(inode)
  if (!listeners.some((socket) => socket.uid === target.uid && isNew(socket))) return undefined
  return finder.findWanted(target, isNew)
}

function signal({ pid }: Target): void {
  try {
    process.kill(pid, 'SIGUSR1')
  } catch (cause) {
    const message = `process ${pid} could not be signalled: ${String(cause)}`
    throw new TargetError('attach-failed', message, { cause })
  }
}

function vanished({ pid }: Target): TargetError {
  return new TargetError('target-vanished', `process ${pid} ended before pprofd could attach`)
}
