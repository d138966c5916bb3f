/** What whoever watches an event loop from outside sees of it. All times in ms of CLOCK_MONOTONIC. */
export interface LoopLook {
  readonly atMs: number
  /** It waits for events. */
  readonly isIdle: boolean
  /** Its program has not come to its first turn. */
  readonly isStarting: boolean
  /** Two looks with the same one, neither idle, are of the same turn. */
  readonly turn: number
  /** How long it has waited for events so far; where it has moved on, the turn is another one, too. */
  readonly idleMs: number
  /** When the turn began, or later: timers that the program starts move libuv's clock on. */
  readonly turnedAtMs: number
}

export interface LoopSource {
  /** By libuv's own counters in the process's memory, or by what the kernel counts of the thread. */
  readonly way: 'loop' | 'thread'
  /** Undefined when the process is gone, or is not what it was. */
  look(): LoopLook | undefined
  close(): void
}
