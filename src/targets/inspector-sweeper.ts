/**
 * Inspectors that pprofd caused but could not close at once: a process blocked in native code opens
 * late, or cannot carry out our close. Each is watched until it is closed or its process has ended.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ListeningSocket } from '../proc/listening-sockets.ts'
import { processListeners } from '../proc/listening-sockets.ts'
import { isStillRunning } from '../proc/process-identity.ts'
import { closeInspector } from './close-inspector.ts'
import { type ConnectOptions, connect } from './connect.ts'
import type { InspectorFinder } from './find-inspector.ts'
import type { Target } from './target.ts'

/** Doubles up to the maximum: a native call that took seconds will take more of them. */
const firstLookMs = 50
const slowestLookMs = 2000

export class InspectorSweeper {
  readonly #options: ConnectOptions
  readonly #finder: InspectorFinder
  readonly #watches = new Set<Promise<void>>()
  readonly #stopping = new AbortController()

  constructor(options: ConnectOptions, finder: InspectorFinder) {
    this.#options = options
    this.#finder = finder
  }

  /** How many inspectors may be open because of pprofd although nobody uses them. */
  get pending(): number {
    return this.#watches.size
  }

  /** Closes the target's inspector as soon as it is open, reachable and, by its socket, ours. */
  watch(target: Target, isOurs: (socket: ListeningSocket) => boolean): void {
    const watch = this.#closeWhenPossible(target, isOurs)
      // A watch that fails, say for lack of descriptors, must not take the daemon down.
      .catch(() => {})
      .finally(() => this.#watches.delete(watch))
    this.#watches.add(watch)
  }

  /** Waits for the watches up to a time, then ends them. Returns how many could not finish. */
  async stop(waitMs: number): Promise<number> {
    const waiting = new AbortController()
    await Promise.race([
      Promise.all(this.#watches),
      sleep(waitMs, undefined, { signal: waiting.signal }).catch(() => {}),
    ])
    waiting.abort()
    const unfinished = this.#watches.size
    this.#stopping.abort()
    await Promise.all(this.#watches)
    return unfinished
  }

  async #closeWhenPossible(
    target: Target,
    isOurs: (socket: ListeningSocket) => boolean,
  ): Promise<void> {
    const { signal } = this.#stopping
    const { procRoot } = this.#options
    for (let waitMs = firstLookMs; !signal.aborted; waitMs = Math.min(waitMs * 2, slowestLookMs)) {
      await sleep(waitMs, undefined, { signal }).catch(() => {})
      if (!(await isStillRunning(target, procRoot))) return
      const sockets = await processListeners(target.pid, target.uid, procRoot)
      if (sockets.some(isOurs) && (await this.#close(target, isOurs))) return
    }
  }

  async #close(target: Target, isOurs: (socket: ListeningSocket) => boolean): Promise<boolean> {
    const found = await this.#finder.find(target)
    if (found === undefined || !isOurs(found.socket)) return false
    try {
      const { session } = await connect(target, found.endpoint, this.#options)
      return await closeInspector(target, found, session, this.#options.procRoot)
    } catch {
      // Not now: the process is still in native code, or on its way out. The next look will tell.
      return false
    }
  }
}
