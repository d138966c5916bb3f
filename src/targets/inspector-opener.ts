/**
 * Opening the inspector of a process by SIGUSR1 and closing it again, such that nothing of it stays:
 * it is written down before the signal, moved away from the common port at once, and whatever cannot
 * be closed now is handed to the sweeper.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Session } from '../inspector/session.ts'
import { readBootId } from '../proc/boot-id.ts'
import { canReadDescriptors, type ListeningSocket } from '../proc/listening-sockets.ts'
import { isStillRunning } from '../proc/process-identity.ts'
import { closeInspector } from './close-inspector.ts'
import { clusterWorkers } from './cluster-workers.ts'
import { type ConnectOptions, connect } from './connect.ts'
import { readTarget } from './discovery.ts'
import type { InspectorFinder, OpenInspector } from './find-inspector.ts'
import { hasTurned } from './has-turned.ts'
import type { InspectorSweeper, Watch } from './inspector-sweeper.ts'
import type { Ledger, LedgerEntry } from './ledger.ts'
import { moveInspector } from './move-inspector.ts'
import { networkNamespace } from './network.ts'
import { listenersBefore, openInspector } from './open-inspector.ts'
import { type Hold, PortWindows } from './port-windows.ts'
import { type Prepared, SignalReadiness } from './signal-readiness.ts'
import type { Target } from './target.ts'

/** An open inspector. With an entry in the ledger it is ours to close. */
export interface Door extends OpenInspector {
  readonly entry: LedgerEntry | undefined
}

export interface OpenerParts {
  readonly options: ConnectOptions
  readonly finder: InspectorFinder
  readonly sweeper: InspectorSweeper
  readonly ledger: Ledger
  /** Whether a capture of ours needs the process's inspector at this moment. */
  readonly isInUse: (target: Target) => boolean
}

/**
 * How long a signalled process that opened nothing is watched. It may be blocked in native code for
 * as long; or it has a handler of its own, and what opens later is not our doing.
 */
const lateOpeningMs = 300_000

/** Another pprofd, on the command line say, holds the common port for some 100 ms. */
const otherPortWaitMs = 1000

/** How long a cluster worker may take to open its inspector after its primary did. */
const workerWatchMs = 15_000

/**
 * Most do within 110 ms, on the port that the next target needs, and the sweeper closes them. Until
 * then nobody else is signalled.
 */
const workersSettleMs = 400

/** For a late one of them that holds the port; the sweeper looks every two seconds at the least. */
const workerPortWaitMs = 5000

export class InspectorOpener {
  readonly #parts: OpenerParts
  readonly #windows = new PortWindows()
  readonly #readiness: SignalReadiness

  constructor(parts: OpenerParts) {
    this.#parts = parts
    const { options, finder, ledger } = parts
    this.#readiness = new SignalReadiness({ procRoot: options.procRoot, finder, ledger })
  }

  /**
   * `onTurn` is called when nobody else wants the port any more and this target is next.
   * @throws {TargetError} target-refused, target-vanished or attach-failed.
   */
  async open(target: Target, onTurn: () => void): Promise<Door> {
    const { finder, sweeper, options } = this.#parts
    const { port } = await finder.expectedAddress(target)
    const network = (await networkNamespace(target.pid, options.procRoot)) ?? ''
    const takeTurn = async (hold: Hold, prepared: Prepared | undefined) => {
      await sweeper.lookNow()
      onTurn()
      return this.#takeTurn(target, port, hold, prepared)
    }
    const prepare = () => this.#readiness.prepare(target, port)
    const finish = await this.#windows.run(network, port, takeTurn, prepare)
    return finish()
  }

  /** Never throws: what cannot be closed now is closed as soon as it can be. */
  async close(target: Target, door: Door, session: Session | undefined): Promise<void> {
    const { entry, socket } = door
    if (entry === undefined) {
      await session?.close()
      return
    }
    const closed = await this.#closeNow(target, door, session, entry)
    if (closed === 'for good') await this.#parts.ledger.erase(entry)
    else if (closed === 'for now') await this.#watchReopening(target, entry)
    else this.#closeLater(target, entry, ({ inode }) => inode === socket.inode)
  }

  /** Closes what earlier, crashed pprofds have left open, now or as soon as it can be. */
  async recover(): Promise<void> {
    const { ledger, options } = this.#parts
    const bootId = await readBootId(options.procRoot)
    const isOwned = ({ owner }: LedgerEntry) => isStillRunning(owner, options.procRoot)
    for (const draft of await ledger.drafts()) {
      if (!(await isOwned(draft))) await ledger.eraseDraft(draft)
    }
    for (const entry of await ledger.entries()) {
      if (await isOwned(entry)) continue
      const target = entry.bootId === bootId ? await this.#processOf(entry) : undefined
      if (target === undefined) {
        await ledger.erase(entry)
        continue
      }
      this.#closeLater(target, entry, ({ inode }) => (entry.inode ?? inode) === inode)
      await this.#watchWorkersOf(target, entry)
    }
  }

  /** How long whoever has the port may take to free it. */
  get #portWaitMs(): number {
    return this.#parts.sweeper.isWatching ? workerPortWaitMs : otherPortWaitMs
  }

  /** Resolves as soon as the next target may have the port; what is left to do is what it returns. */
  async #takeTurn(
    target: Target,
    port: number,
    hold: Hold,
    prepared: Prepared | undefined,
  ): Promise<() => Promise<Door>> {
    const open = await this.#readiness.judge(target, prepared, this.#portWaitMs)
    if (open !== undefined) return async () => ({ ...open, entry: undefined })
    return this.#openByUs(target, port, hold, prepared)
  }

  async #openByUs(
    target: Target,
    port: number,
    hold: Hold,
    prepared: Prepared | undefined,
  ): Promise<() => Promise<Door>> {
    const { options, finder, ledger } = this.#parts
    const before = await listenersBefore(target, options.procRoot)
    const workers = await clusterWorkers(target.pid, options.procRoot)
    const isNew = ({ inode }: ListeningSocket) => !before.has(inode)
    for (const worker of workers) await this.#watchWorker(worker, isNew)
    const entry = await this.#readiness.enterLedger(target, port, prepared)
    const orCloseLater = async <T>(step: () => Promise<T>): Promise<T> => {
      try {
        return await step()
      } catch (error) {
        // Blocked in native code, it may open, or move, when that returns, long after we gave up.
        this.#closeLater(target, entry, isNew)
        throw error
      }
    }
    const arrived = await orCloseLater(async () => {
      const { procRoot } = options
      const isReady = async () => {
        await this.#parts.sweeper.lookNow()
        return this.#readiness.isReady(target, this.#portWaitMs)
      }
      const opened = await openInspector(target, { before, port, finder, procRoot, isReady })
      const moving =
        entry.originalPort === 0 ? async () => opened : await this.#move(target, opened)
      // Moving it has made the primary signal its workers once more.
      if (workers.length > 0) hold(sleep(workersSettleMs))
      return moving
    })
    return () =>
      orCloseLater(async () => {
        const moved = await arrived()
        const known = { ...entry, inode: moved.socket.inode }
        await ledger.write(known)
        return { ...moved, entry: known }
      })
  }

  /** Frees the common port for the next target. Where that fails, the inspector stays on it. */
  async #move(target: Target, opened: OpenInspector): Promise<() => Promise<OpenInspector>> {
    const { options, finder } = this.#parts
    const moving = await moveInspector(target, opened.endpoint, finder, options)
    if (moving === undefined) return async () => opened
    if (canReadDescriptors(target.pid, options.procRoot)) return moving.arrived
    // Told apart by the user alone, it could be taken for the next target's.
    const moved = await moving.arrived()
    return async () => moved
  }

  async #closeNow(
    target: Target,
    door: Door,
    session: Session | undefined,
    { originalPort }: LedgerEntry,
  ): Promise<'for good' | 'for now' | 'not yet'> {
    const { options } = this.#parts
    try {
      const usable =
        session === undefined || session.isClosed
          ? (await connect(target, door.endpoint, options)).session
          : session
      const { procRoot } = options
      const turned = await hasTurned(usable)
      const closed = await closeInspector(target, door, usable, { procRoot, originalPort })
      if (!closed) return 'not yet'
      return turned ? 'for good' : 'for now'
    } catch {
      // Unreachable: the process is gone, exiting, or not able to answer now. The sweeper finds out.
      return 'not yet'
    }
  }

  /** It was closed before its event loop saw the signal, which will open it once more. */
  async #watchReopening(target: Target, entry: LedgerEntry): Promise<void> {
    const before = await listenersBefore(target, this.#parts.options.procRoot)
    const unknown = { ...entry, inode: undefined }
    await this.#parts.ledger.write(unknown)
    this.#closeLater(target, unknown, ({ inode }) => !before.has(inode), { opensInTurn: true })
  }

  #closeLater(
    target: Target,
    entry: LedgerEntry,
    isOurs: (socket: ListeningSocket) => boolean,
    how: Pick<Watch, 'opensInTurn'> = {},
  ): void {
    const { sweeper, ledger, isInUse } = this.#parts
    sweeper.watch(target, {
      isOurs,
      inode: entry.inode,
      mayOpenWithinMs: entry.inode === undefined ? lateOpeningMs : undefined,
      originalPort: entry.originalPort,
      isInUse: () => isInUse(target),
      onClosed: () => ledger.erase(entry),
      ...how,
    })
  }

  /** Node passes the signal on to cluster workers; what they open because of it is not wanted. */
  async #watchWorker(worker: Target, isOurs: (socket: ListeningSocket) => boolean): Promise<void> {
    const { sweeper, finder, isInUse } = this.#parts
    const { port } = await finder.expectedAddress(worker)
    sweeper.watch(worker, {
      isOurs,
      originalPort: port,
      isInUse: () => isInUse(worker),
      mayOpenWithinMs: workerWatchMs,
      repeatedly: true,
    })
  }

  /**
   * What a crashed pprofd's signal made its target's workers open: on the target's own port, for that
   * was free before the signal. With ports of their own, theirs cannot be told from a developer's.
   */
  async #watchWorkersOf(target: Target, { originalPort }: LedgerEntry): Promise<void> {
    for (const worker of await clusterWorkers(target.pid, this.#parts.options.procRoot)) {
      await this.#watchWorker(worker, ({ port }) => port === originalPort)
    }
  }

  async #processOf({ pid, startTimeTicks }: LedgerEntry): Promise<Target | undefined> {
    const target = await readTarget(pid, this.#parts.options.procRoot)
    return target?.startTimeTicks === startTimeTicks ? target : undefined
  }
}
