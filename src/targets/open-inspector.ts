/** SIGUSR1: the one signal that makes a running Node open its inspector. */
import { setTimeout as sleep } from 'node:timers/promises'
import { TargetError } from '../errors.ts'
import { ipv4Listeners, type ListeningSocket } from '../proc/listening-sockets.ts'
import { isStillRunning } from '../proc/process-identity.ts'
import type { InspectorFinder, OpenInspector } from './find-inspector.ts'
import { PortRival } from './port-rival.ts'
import type { Target } from './target.ts'

/** 2-27 ms are usual, 110 ms were seen under load. */
const openTimeoutMs = 2000

/** The next target waits for the port meanwhile. A look takes 0.1 ms. */
const openPollMs = 1
const slowOpenMs = 50
const slowPollMs = 4

/** Who takes the port twice does so all the time. */
const maxSignals = 2

/** Inodes of listening sockets: what is not among them later is new. */
export type SocketsBefore = ReadonlySet<string>

export async function listenersBefore(target: Target, procRoot: string): Promise<SocketsBefore> {
  return new Set((await ipv4Listeners(target.pid, procRoot)).map(({ inode }) => inode))
}

/** What opening needs to know and to ask. */
export interface Opening {
  readonly before: SocketsBefore
  /** Where the process opens its inspector; 0: on any free port. */
  readonly port: number
  readonly finder: InspectorFinder
  readonly procRoot: string
  /** Whether it may be signalled once more: its port is free again, and all else still holds. */
  readonly isReady: () => Promise<boolean>
}

/**
 * Signals the process and waits for its inspector. Pre-flight must have passed just before. Where another
 * process took the port in between, Node gives up for good, so that one is waited for and the signal repeated.
 * @throws {TargetError} target-vanished, or attach-failed when no inspector appears in time.
 */
export async function openInspector(target: Target, opening: Opening): Promise<OpenInspector> {
  const { before, port, finder, procRoot, isReady } = opening
  for (let signals = 1; ; signals++) {
    if (!(await isStillRunning(target, procRoot))) throw vanished(target)
    signal(target)
    const rival = new PortRival(target, port, procRoot)
    const hasLost = (fresh: readonly ListeningSocket[]) => rival.hasWon(fresh)
    const opened = await awaitInspector(target, before, finder, procRoot, hasLost)
    if (opened !== undefined) return opened
    if (!rival.wasSeen) throw opensNone(target)
    if (signals === maxSignals || !(await isReady())) throw portTaken(target, port)
  }
}

/**
 * Waits for an inspector that was not there before; undefined when none comes in time, or when by the
 * listeners that are new none will.
 * @throws {TargetError} target-vanished.
 */
export async function awaitInspector(
  target: Target,
  before: SocketsBefore,
  finder: InspectorFinder,
  procRoot: string,
  isLost: (fresh: readonly ListeningSocket[]) => Promise<boolean> = async () => false,
): Promise<OpenInspector | undefined> {
  const isNew = ({ inode }: ListeningSocket) => !before.has(inode)
  const beganMs = performance.now()
  for (let tookMs = 0; tookMs < openTimeoutMs; tookMs = performance.now() - beganMs) {
    await sleep(tookMs < slowOpenMs ? openPollMs : slowPollMs)
    const fresh = (await ipv4Listeners(target.pid, procRoot)).filter(isNew)
    // Cheap while nothing is new: only a fresh listener is worth a walk through the descriptors.
    if (fresh.some(({ uid }) => uid === target.uid)) {
      const opened = await finder.findWanted(target, isNew)
      if (opened !== undefined) return opened
    }
    if (!(await isStillRunning(target, procRoot))) throw vanished(target)
    if (await isLost(fresh)) return undefined
  }
  return undefined
}

function signal({ pid }: Target): void {
  try {
    process.kill(pid, 'SIGUSR1')
  } catch (cause) {
    const message = `process ${pid} could not be signalled: ${String(cause)}`
    throw new TargetError('attach-failed', message, { cause })
  }
}

function opensNone({ pid }: Target): TargetError {
  const message =
    `process ${pid} opened no inspector within ${openTimeoutMs} ms of SIGUSR1: ` +
    'the application probably handles that signal itself, or is blocked in native code'
  return new TargetError('attach-failed', message)
}

function portTaken({ pid }: Target, port: number): TargetError {
  const message = `process ${pid} could not open its inspector: another process took port ${port} at that moment; try again when it is free`
  return new TargetError('attach-failed', message)
}

function vanished({ pid }: Target): TargetError {
  return new TargetError('target-vanished', `process ${pid} ended before pprofd could attach`)
}
