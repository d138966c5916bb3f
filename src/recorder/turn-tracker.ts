/** From looks at an event loop to how long its present turn has lasted. Pure. */
import type { LoopLook } from '../proc/loop-look.ts'

export interface Turn {
  /** Tells it from other turns of the same loop. */
  readonly number: number
  /** CLOCK_MONOTONIC, ms. It began then or, at most a look's interval, before. */
  readonly sinceMs: number
}

export class TurnTracker {
  #last: LoopLook | undefined
  #turn: Turn = { number: 0, sinceMs: 0 }

  /** The turn that goes on; undefined while the loop waits for events, or has not begun. */
  see(look: LoopLook): Turn | undefined {
    const last = this.#last
    this.#last = look
    if (look.isIdle || look.isStarting) return undefined
    // What goes on since before the first look may have been anything.
    if (last === undefined) return this.#begin(look.atMs)
    if (isSameTurn(last, look)) return this.#turn
    // Not before the last look, which saw another turn; and a woken thread may not have had a
    // processor yet to set its clock.
    return this.#begin(Math.max(last.atMs, Math.min(look.turnedAtMs, look.atMs)))
  }

  /** What has passed of the turn was not its own doing. */
  excuse(atMs: number): void {
    this.#turn = { ...this.#turn, sinceMs: atMs }
  }

  #begin(sinceMs: number): Turn {
    this.#turn = { number: this.#turn.number + 1, sinceMs }
    return this.#turn
  }
}

function isSameTurn(last: LoopLook, look: LoopLook): boolean {
  return !last.isIdle && !last.isStarting && last.turn === look.turn && last.idleMs === look.idleMs
}
