/**
 * Turns of one thread's event loop: how long it was busy without a rest, which is how long everything
 * that became ready meanwhile had to wait. When it was busy, samples tell; where one turn followed the
 * other at once, Node's events tell. A turn that one sample hit is left out: how long it was, nobody knows.
 */
import type { EmitEvent } from './trace-event.ts'

/** Two of them prove that the time between them was busy. */
const minHits = 2

export class LoopTurns {
  readonly #emit: EmitEvent
  readonly #track: { readonly pid: number; readonly tid: number }
  readonly #thread: string
  #beginUs: number | undefined
  #endUs = 0
  /** When samples hit the turns since `#beginUs`. */
  #hitsUs: number[] = []
  /** Ends of turns that were not needed yet, in order of time. */
  #marksUs: number[] = []

  constructor(track: { pid: number; tid: number }, thread: string, emit: EmitEvent) {
    this.#track = track
    this.#thread = thread
    this.#emit = emit
  }

  /** Node came to the end of a turn. */
  mark(atUs: number): void {
    this.#marksUs.push(atUs)
  }

  /** The thread was busy, without a rest since it was last; calls are in order of time. */
  busy(startUs: number, endUs: number): void {
    this.#beginUs ??= startUs
    this.#hitsUs.push(startUs)
    this.#endUs = Math.max(endUs, this.#endUs)
  }

  /** Emits the turns that have ended for sure; the last one may go on in the next window. */
  flush(): void {
    if (this.#beginUs !== undefined) this.#divide(this.#beginUs)
    this.#marksUs = []
  }

  /** It is idle, or the recording ends. */
  rest(): void {
    if (this.#beginUs === undefined) return
    const lastUs = this.#divide(this.#beginUs)
    if (lastUs < this.#endUs) this.#turn(lastUs, this.#endUs)
    this.#beginUs = undefined
    this.#hitsUs = []
  }

  #divide(beginUs: number): number {
    let fromUs = beginUs
    for (const markUs of this.#marksUs) {
      if (markUs >= this.#endUs) break
      if (markUs <= fromUs) continue
      this.#turn(fromUs, markUs)
      fromUs = markUs
    }
    this.#beginUs = fromUs
    this.#hitsUs = this.#hitsUs.filter((hitUs) => hitUs >= fromUs)
    return fromUs
  }

  #turn(fromUs: number, toUs: number): void {
    const hits = this.#hitsUs.filter((hitUs) => hitUs >= fromUs && hitUs < toUs)
    if (hits.length < minHits) return
    const { pid, tid } = this.#track
    const id = String(tid)
    const slice = { name: 'turn', cat: 'event loop', pid, tid, id }
    const busyMs = Number(((toUs - fromUs) / 1000).toFixed(3))
    this.#emit({ ...slice, ph: 'b', ts: fromUs, args: { busyMs } })
    this.#emit({ ...slice, ph: 'e', ts: toUs })
    const counter = { name: `event loop delay, ${this.#thread}`, cat: 'event loop', pid, tid }
    this.#emit({ ...counter, ph: 'C', ts: fromUs, args: { ms: busyMs } })
    this.#emit({ ...counter, ph: 'C', ts: toUs, args: { ms: 0 } })
  }
}
