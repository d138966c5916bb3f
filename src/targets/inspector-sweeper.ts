/**
 * Inspectors that are open because of pprofd and that nobody uses: one that opened late, one whose
 * process could not carry out our close, one that a crashed pprofd left, one of a cluster worker to
 * which Node passed our signal on. Each is watched until it is closed or its process has ended.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ListeningSocket } from '../proc/listening-sockets.ts'
import { isStillRunning } from '../proc/process-identity.ts'
import { closeInspector } from './close-inspector.ts'
import { type ConnectOptions, connect } from './connect.ts'
import type { InspectorFinder } from './find-inspector.ts'
import type { Target } from './target.ts'

export interface Watch {
  /** Which of the target's sockets may be closed. */
  readonly isOurs: (socket: ListeningSocket) => boolean
  /** What `process.debugPort` shall be again. */
  readonly originalPort: number
  /** A capture uses the inspector now: wait. */
  readonly isInUse: () => boolean
  /** Ends the watch although nothing was found; default: when the process ends. */
  readonly forMs?: number
  /** The inspector is closed, or gone with its process. */
  readonly onClosed?: () => Promise<void>
}

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

  /** How many are being watched. */
  get pending(): number {
    return this.#watches.size
  }

  watch(target: Target, watch: Watch): void {
    const watching = this.#closeWhenPossible(target, watch)
      // A watch that fails, say for lack of descriptors, must not take the daemon down.
      .catch(() => {})
      .finally(() => this.#watches.delete(watching))
    this.#watches.add(watching)
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

  async #closeWhenPossible(target: Target, watch: Watch): Promise<void> {
    const { signal } = this.#stopping
    const { forMs = Number.POSITIVE_INFINITY, onClosed } = watch
    const deadline = performance.now() + forMs
    let waitMs = firstLookMs
    while (!signal.aborted && performance.now() < deadline) {
      await sleep(waitMs, undefined, { signal }).catch(() => {})
      waitMs = Math.min(waitMs * 2, slowestLookMs)
      if (watch.isInUse()) continue
      const isOver = !(await isStillRunning(target, this.#options.procRoot))
      if (isOver || (await this.#close(target, watch))) return onClosed?.()
    }
  }

  async #close(target: Target, { isOurs, originalPort }: Watch): Promise<boolean> {
    const found = await this.#finder.findWanted(target, isOurs)
    if (found === undefined) return false
    try {
      const { session } = await connect(target, found.endpoint, this.#options)
      const { procRoot } = this.#options
      return await closeInspector(target, found, session, { procRoot, originalPort })
    } catch {
      // Not now: the process is still in native code, or on its way out. The next look will tell.
      return false
    }
  }
}
