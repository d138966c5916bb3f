/**
 * Inspectors that are open because of pprofd and that nobody uses: one that opened late, one whose
 * process could not carry out our close, one that a crashed pprofd left, one of a cluster worker to
 * which Node passed our signal on. Each is watched until it is closed or its process has ended.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { ipv4Listeners, type ListeningSocket } from '../proc/listening-sockets.ts'
import { isStillRunning } from '../proc/process-identity.ts'
import { closeInspector } from './close-inspector.ts'
import { type ConnectOptions, connect } from './connect.ts'
import type { InspectorFinder } from './find-inspector.ts'
import { hasTurned } from './has-turned.ts'
import type { Target } from './target.ts'

export interface Watch {
  /** Which of the target's sockets may be closed. */
  readonly isOurs: (socket: ListeningSocket) => boolean
  /** Of the listening socket, where it is known: when that is gone, the inspector is closed. */
  readonly inode?: string | undefined
  /** What `process.debugPort` shall be again. */
  readonly originalPort: number
  /** A capture uses the inspector now: wait. */
  readonly isInUse: () => boolean
  /** Ours is what a turn of the event loop opens; what is open while it stands still is somebody else's. */
  readonly opensInTurn?: boolean
  /** It may never open: watch for this long. Default: it is open; watch until it is closed. */
  readonly mayOpenWithinMs?: number | undefined
  /** It may open more than once: watch to the end of that time. */
  readonly repeatedly?: boolean
  /** The inspector is closed, gone with its process, or did not open in time. */
  readonly onClosed?: () => Promise<void>
}

/** Doubles up to the maximum: a native call that took seconds will take more of them. */
const firstLookMs = 50
const slowestLookMs = 2000
const stopPollMs = 20

/** For the last look at each; a target that reacts answers within a few ms. */
const lastLookMs = 500

/** Closing takes some 20 ms; whoever wants the port does not wait for a process that does not react. */
const lookNowTimeoutMs = 1000

/** What follows the turn that opened it may take a time of its own. */
const turnTimeoutMs = 2000

interface Watching {
  readonly target: Target
  readonly watch: Watch
  /** The look that goes on, or the last one: there is one at a time. Whether nothing is left to watch. */
  looking: Promise<boolean>
}

export class InspectorSweeper {
  readonly #options: ConnectOptions
  readonly #finder: InspectorFinder
  readonly #watches = new Map<Watching, Promise<void>>()
  readonly #stopping = new AbortController()
  /** Ends connections to targets that do not react, for which a command's own limit is too long. */
  readonly #cutting = new AbortController()

  constructor(options: ConnectOptions, finder: InspectorFinder) {
    this.#options = options
    this.#finder = finder
  }

  /** How many are open, or may open late. */
  get pending(): number {
    return [...this.#watches.keys()].filter(({ watch }) => !watch.repeatedly).length
  }

  /** Whether anything is watched, be it for something that may never open. */
  get isWatching(): boolean {
    return this.#watches.size > 0
  }

  watch(target: Target, watch: Watch): void {
    const watching: Watching = { target, watch, looking: Promise.resolve(false) }
    const ended = this.#closeWhenPossible(watching)
      // A watch that fails, say for lack of descriptors, must not take the daemon down.
      .catch(() => {})
      .finally(() => this.#watches.delete(watching))
    this.#watches.set(watching, ended)
  }

  /** Closes now what may open more than once, and so may hold the port that somebody wants. */
  async lookNow(): Promise<void> {
    const all = [...this.#watches.keys()].filter(({ watch }) => watch.repeatedly)
    if (all.length === 0) return
    const looks = Promise.allSettled(all.map((watching) => this.#look(watching)))
    await Promise.race([looks, sleep(lookNowTimeoutMs, undefined, { ref: false })])
  }

  /** Waits a time for what is known to be open. Returns how many could not be closed. */
  async stop(waitMs: number): Promise<number> {
    const deadline = performance.now() + waitMs
    while (this.pending > 0 && performance.now() < deadline) await sleep(stopPollMs)
    const unfinished = this.pending
    this.#stopping.abort()
    const cut = setTimeout(() => this.#cutting.abort(), lastLookMs)
    await Promise.all(this.#watches.values())
    clearTimeout(cut)
    return unfinished
  }

  async #closeWhenPossible(watching: Watching): Promise<void> {
    const { signal } = this.#stopping
    const { mayOpenWithinMs = Number.POSITIVE_INFINITY, isInUse, onClosed } = watching.watch
    let deadline = performance.now() + mayOpenWithinMs
    let waitMs = firstLookMs
    while (performance.now() < deadline) {
      await sleep(waitMs, undefined, { signal }).catch(() => {})
      // After the end is announced this is the last look.
      const isLast = signal.aborted
      waitMs = Math.min(waitMs * 2, slowestLookMs)
      // A capture that found it open will leave it open: the time begins anew when that ends.
      if (isInUse()) deadline = performance.now() + mayOpenWithinMs
      if (await this.#look(watching)) return onClosed?.()
      // Whoever finds the ledger later goes on from here.
      if (isLast) return
    }
    await onClosed?.()
  }

  #look(watching: Watching): Promise<boolean> {
    const look = () => this.#lookOnce(watching)
    watching.looking = watching.looking.then(look, look)
    return watching.looking
  }

  async #lookOnce({ target, watch }: Watching): Promise<boolean> {
    if (watch.isInUse()) return false
    if (await this.#isOver(target, watch)) return true
    return (await this.#close(target, watch)) && !watch.repeatedly
  }

  /** A close that we asked for is carried out when native code returns, long after we gave up. */
  async #isOver(target: Target, { inode }: Watch): Promise<boolean> {
    const { procRoot } = this.#options
    if (!(await isStillRunning(target, procRoot))) return true
    if (inode === undefined) return false
    const listeners = await ipv4Listeners(target.pid, procRoot)
    return !listeners.some((socket) => socket.inode === inode)
  }

  async #close(target: Target, { isOurs, originalPort, opensInTurn }: Watch): Promise<boolean> {
    const found = await this.#finder.findWanted(target, isOurs)
    if (found === undefined) return false
    try {
      const options = { ...this.#options, signal: this.#cutting.signal }
      const { session } = await connect(target, found.endpoint, options)
      if (opensInTurn && !(await hasTurned(session, turnTimeoutMs))) {
        await session.close()
        return true
      }
      const { procRoot } = this.#options
      return await closeInspector(target, found, session, { procRoot, originalPort })
    } catch {
      // Not now: the process is still in native code, or on its way out. The next look will tell.
      return false
    }
  }
}
