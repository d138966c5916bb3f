/**
 * How long the windows of a recording are: ending one stops the thread for as long as V8 writes the profile,
 * which grows with what was seen (some 25 KB a ms; a deep, varied program makes 150 ms of 30 s at 100 Hz). So the
 * rate at which a program makes profile decides.
 */

/** Takes V8 some 4 ms to write. */
const windowBytes = 100_000

/** Each end interrupts the target, if only for a ms: not more often than this. */
const minWindowMs = 250

/** Before anything is known. */
const firstWindowMs = 1000

export class WindowPace {
  windowMs = firstWindowMs

  /** `bytes`: of the largest thread's profile. */
  ended(lengthMs: number, bytes: number): void {
    const fitting = (lengthMs * windowBytes) / Math.max(bytes, 1)
    this.windowMs = Math.max(minWindowMs, fitting)
  }
}
