/**
 * The inspectors in use, one door a process: whoever comes first opens it, the last one out closes it,
 * and an inspector that was open before us stays open. Captures of one process thus run side by side.
 */
import { TargetError } from '../errors.ts'
import type { Session } from '../inspector/session.ts'
import { namespaceListeners } from '../proc/listening-sockets.ts'
import { closeInspector } from './close-inspector.ts'
import { type ConnectOptions, connect } from './connect.ts'
import type { InspectorFinder, OpenInspector } from './find-inspector.ts'
import { InspectorSweeper } from './inspector-sweeper.ts'
import { openInspector } from './open-inspector.ts'
import { preflight } from './preflight.ts'
import type { Target } from './target.ts'

export interface Door extends OpenInspector {
  readonly openedByUs: boolean
}

interface DoorState {
  readonly opening: Promise<Door>
  users: number
  /** Set while the last one out closes it. */
  closing: Promise<void> | undefined
}

export class InspectorDoors {
  readonly #options: ConnectOptions
  readonly #finder: InspectorFinder
  readonly #sweeper: InspectorSweeper
  readonly #doors = new Map<string, DoorState>()

  constructor(options: ConnectOptions, finder: InspectorFinder) {
    this.#options = options
    this.#finder = finder
    this.#sweeper = new InspectorSweeper(options, finder)
  }

  /** How many inspectors may be open because of pprofd although nobody uses them. */
  get leftOpen(): number {
    return this.#sweeper.pending
  }

  /**
   * Every `enter` that resolved needs one `leave`. It cannot be aborted half way: once the signal is
   * sent, somebody must wait for what it opens.
   * @throws {TargetError} target-refused, target-vanished or attach-failed.
   */
  async enter(target: Target): Promise<Door> {
    const key = doorKey(target)
    let state = this.#doors.get(key)
    while (state?.closing !== undefined) {
      await state.closing
      state = this.#doors.get(key)
    }
    if (state === undefined) {
      state = { opening: this.#open(target), users: 0, closing: undefined }
      this.#doors.set(key, state)
    }
    state.users++
    try {
      return await state.opening
    } catch (error) {
      state.users--
      if (this.#doors.get(key) === state) this.#doors.delete(key)
      throw error
    }
  }

  /** Ends the session and, if this was the last one and the door is ours, closes and verifies. */
  async leave(target: Target, door: Door, session: Session | undefined): Promise<void> {
    const key = doorKey(target)
    const state = this.#doors.get(key)
    if (state !== undefined && --state.users === 0) {
      state.closing = this.#close(target, door, session).finally(() => this.#doors.delete(key))
      return state.closing
    }
    await session?.close()
  }

  /** Gives what could not be closed yet a last chance. Returns how many may still be open. */
  stop(waitMs: number): Promise<number> {
    return this.#sweeper.stop(waitMs)
  }

  async #open(target: Target): Promise<Door> {
    const { procRoot } = this.#options
    const judged = await preflight(target, { procRoot, finder: this.#finder })
    if (judged.openInspector !== undefined) return { ...judged.openInspector, openedByUs: false }
    if (!judged.attachable) throw refusal(target, judged.refusal ?? 'unknown reason')
    const before = new Set(
      (await namespaceListeners(target.pid, procRoot)).map(({ inode }) => inode),
    )
    try {
      const opened = await openInspector(target, before, this.#finder, procRoot)
      return { ...opened, openedByUs: true }
    } catch (error) {
      const signalled = !(error instanceof TargetError && error.code === 'target-vanished')
      // Blocked in native code, it may open when that returns, long after we gave up.
      if (signalled) this.#sweeper.watch(target, ({ inode }) => !before.has(inode))
      throw error
    }
  }

  async #close(target: Target, door: Door, session: Session | undefined): Promise<void> {
    if (!door.openedByUs) {
      await session?.close()
      return
    }
    const closed = await this.#closeOurs(target, door, session)
    if (!closed) this.#sweeper.watch(target, ({ inode }) => inode === door.socket.inode)
  }

  async #closeOurs(target: Target, door: Door, session: Session | undefined): Promise<boolean> {
    try {
      const usable =
        session === undefined || session.isClosed
          ? (await connect(target, door.endpoint, this.#options)).session
          : session
      return await closeInspector(target, door, usable, this.#options.procRoot)
    } catch {
      // Unreachable: the process is gone, exiting, or not able to answer now. The sweeper finds out.
      return false
    }
  }
}

function doorKey({ pid, startTimeTicks }: Target): string {
  return `${pid}:${startTimeTicks}`
}

function refusal(target: Target, reason: string): TargetError {
  const code = /has ended/.test(reason) ? 'target-vanished' : 'target-refused'
  return new TargetError(code, `pprofd does not attach to ${target.id}: ${reason}`, {
    tryNext: `pprofd check ${target.id}`,
  })
}
