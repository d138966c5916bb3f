/** The track of one thread: its stacks and the turns of its event loop, out of the same samples. */
import { LoopTurns } from './loop-turns.ts'
import { type SliceFrame, StackSlices } from './stack-slices.ts'
import type { EmitEvent } from './trace-event.ts'

/** As in sample-spans.ts: a sample stands for no more than ten intervals or 100 ms. */
const maxIntervals = 10
const minSeamUs = 100_000

export class ThreadTrack {
  readonly tid: number
  readonly #stacks: StackSlices
  readonly #turns: LoopTurns

  constructor(
    track: { readonly pid: number; readonly tid: number },
    { name, samplingIntervalUs }: { readonly name: string; readonly samplingIntervalUs: number },
    emit: EmitEvent,
  ) {
    this.tid = track.tid
    const maxSeamUs = Math.max(maxIntervals * samplingIntervalUs, minSeamUs)
    this.#stacks = new StackSlices(track, maxSeamUs, emit)
    this.#turns = new LoopTurns(track, name, emit)
  }

  get endUs(): number {
    return this.#stacks.endUs
  }

  /** `turnEndsUs`: when Node came to the end of a turn, in order of time. */
  beginWindow(turnEndsUs: readonly number[]): void {
    this.#stacks.seam()
    for (const atUs of turnEndsUs) this.#turns.mark(atUs)
  }

  /** A sample, outermost frame first; none: idle. */
  add(frames: readonly SliceFrame[], startUs: number, endUs: number): void {
    const added = this.#stacks.add(frames, startUs, endUs)
    if (added === undefined) return
    if (!added.goesOn || frames.length === 0) this.#turns.rest()
    if (frames.length > 0) this.#turns.busy(added.fromUs, endUs)
  }

  endWindow(): void {
    this.#turns.flush()
  }

  close(): void {
    this.#stacks.close()
    this.#turns.rest()
  }
}
