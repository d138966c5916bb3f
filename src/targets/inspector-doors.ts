/**
 * The inspectors in use, one door a process: whoever comes first opens it, the last one out closes it,
 * and an inspector that was open before us stays open. Captures of one process thus run side by side.
 */
import type { Session } from '../inspector/session.ts'
import type { Door, InspectorOpener } from './inspector-opener.ts'
import type { Target } from './target.ts'

interface DoorState {
  readonly opening: Promise<Door>
  /** Until then it waits for others that want the same port; what is open meanwhile is not its own. */
  hasTurn: boolean
  users: number
  /** Set while the last one out closes it. */
  closing: Promise<void> | undefined
}

export class InspectorDoors {
  readonly #opener: InspectorOpener
  readonly #doors = new Map<string, DoorState>()

  constructor(opener: InspectorOpener) {
    this.#opener = opener
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
      state = this.#open(target)
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
    if (state === undefined || --state.users > 0) {
      await session?.close()
      return
    }
    state.closing = this.#opener.close(target, door, session).finally(() => this.#doors.delete(key))
    await state.closing
  }

  /** Whether a capture of ours needs the process's inspector at this moment. */
  isInUse(target: Target): boolean {
    return this.#doors.get(doorKey(target))?.hasTurn ?? false
  }

  #open(target: Target): DoorState {
    const onTurn = () => {
      state.hasTurn = true
    }
    const opening = this.#opener.open(target, onTurn)
    const state: DoorState = { opening, hasTurn: false, users: 0, closing: undefined }
    return state
  }
}

function doorKey({ pid, startTimeTicks }: Target): string {
  return `${pid}:${startTimeTicks}`
}
