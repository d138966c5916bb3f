/**
 * How long the windows of a recording are: ending one stops the thread for as long as V8 writes the profile,
 * which grows with what was seen (some 25 KB a ms; a deep, varied program makes 150 ms of 30 s at 100 Hz). So the
 * rate at which a program makes profile decides.
 */

/** Takes V8 some 4 ms to write. */
const windowBytes = 100_000

/** Each end interrupts the target, if only for a ms: not more often than this. */
const minWindowMs = 250

/** Before anything is known: of so many a deep, varied program makes some 10 ms of profile. */
const firstSamples = 250
const maxFirstWindowMs = 1000

export class WindowPace {
  windowMs: number

  constructor(hz: number) {
    const firstWindowMs = (firstSamples * 1000) / hz
    this.windowMs = Math.min(maxFirstWindowMs, Math.max(minWindowMs, firstWindowMs))
  }

  /** `bytes`: of the largest thread's profile. */
  ended(lengthMs: number, bytes: number): void {
    const fitting = (lengthMs * windowBytes) / Math.max(bytes, 1)
    this.windowMs = Math.max(minWindowMs, fitting)
  }
}
