/** One thread's samples as nested slices: what stays on the stack from one sample to the next is one slice. */
import type { EmitEvent } from './trace-event.ts'

/** Equal ones are one object for as long as they are open, but for those of different windows: see `key`. */
export interface SliceFrame {
  readonly key: string
  readonly name: string
  /** The same at begin and end: speedscope tells slices apart by it. */
  readonly args: Readonly<Record<string, string>> | undefined
  readonly isGarbageCollector: boolean
}

export interface AddedSample {
  /** From when on it counts: windows overlap by some 100 us. */
  readonly fromUs: number
  /** Nothing was between it and the sample before, which lasts until this one, also over a seam. */
  readonly goesOn: boolean
}

export class StackSlices {
  readonly #emit: EmitEvent
  readonly #track: { readonly pid: number; readonly tid: number }
  readonly #maxSeamUs: number
  #open: SliceFrame[] = []
  #endUs = 0
  #isAtSeam = false

  /** Over the seam of two windows a stack goes on where no more than `maxSeamUs` are between its samples. */
  constructor(track: { pid: number; tid: number }, maxSeamUs: number, emit: EmitEvent) {
    this.#track = track
    this.#maxSeamUs = maxSeamUs
    this.#emit = emit
  }

  /** Up to where the thread is known to have run; what is open may go on. */
  get endUs(): number {
    return this.#endUs
  }

  /** A sample, outermost frame first; none: idle. Undefined where its time is known already. */
  add(frames: readonly SliceFrame[], startUs: number, endUs: number): AddedSample | undefined {
    const fromUs = Math.max(startUs, this.#endUs)
    if (endUs <= fromUs) return undefined
    const gapUs = fromUs - this.#endUs
    const goesOn = gapUs === 0 || (this.#isAtSeam && gapUs <= this.#maxSeamUs)
    this.#isAtSeam = false
    if (!goesOn) this.#closeTo(0, this.#endUs)
    const stack = this.#withGarbageCollector(frames)
    let common = 0
    while (common < stack.length && stack[common]?.key === this.#open[common]?.key) common++
    this.#closeTo(common, fromUs)
    for (const frame of stack.slice(common)) {
      this.#open.push(frame)
      this.#slice('B', frame, fromUs)
    }
    this.#endUs = endUs
    return { fromUs, goesOn }
  }

  /** The samples that follow are of the next window. */
  seam(): void {
    this.#isAtSeam = true
  }

  close(): void {
    this.#closeTo(0, this.#endUs)
  }

  /** V8 puts the collector at the root; it runs on top of what it interrupts. */
  #withGarbageCollector(frames: readonly SliceFrame[]): readonly SliceFrame[] {
    const [first] = frames
    if (frames.length !== 1 || !first?.isGarbageCollector) return frames
    return [...this.#open.filter(({ isGarbageCollector }) => !isGarbageCollector), first]
  }

  #closeTo(depth: number, atUs: number): void {
    for (const frame of this.#open.splice(depth).reverse()) this.#slice('E', frame, atUs)
  }

  #slice(ph: 'B' | 'E', { name, args }: SliceFrame, ts: number): void {
    this.#emit({ ph, name, cat: 'js', ...this.#track, ts, ...(args && { args }) })
  }
}
