/** Node's trace events of all threads, as they came, into async slices. */
import { AsyncSlices } from './async-slices.ts'
import { LaneSlices } from './lane-slices.ts'
import { type NodeEvent, readNodeEvent } from './node-event.ts'
import type { EmitEvent, TraceEvent } from './trace-event.ts'

export class NodeSlices {
  readonly #pid: number
  readonly #emit: EmitEvent
  readonly #operations: AsyncSlices
  readonly #lanes: LaneSlices
  #mainTid: number | undefined

  constructor(pid: number, emit: EmitEvent) {
    this.#pid = pid
    this.#emit = emit
    this.#operations = new AsyncSlices(pid, emit)
    this.#lanes = new LaneSlices(pid, emit)
  }

  /** Beginnings that were not followed, because too much was open. */
  get leftOutCount(): number {
    return this.#operations.leftOutCount
  }

  /** The kernel's id of the main thread as the target sees it: in a container it is not the pid here. */
  mainThread(tid: number): void {
    this.#mainTid = tid
  }

  /** Returns when each thread came to the end of turns of its event loop, in order of time, by tid. */
  add(raw: readonly unknown[]): ReadonlyMap<number, readonly number[]> {
    const turnEnds = new Map<number, number[]>()
    for (const one of raw) {
      const event = readNodeEvent(one)
      if (event === undefined) continue
      const own = event.tid === this.#mainTid ? { ...event, tid: this.#pid } : event
      this.#addOne(own)
      if (!isTurnEnd(own)) continue
      const ends = turnEnds.get(own.tid)
      if (ends) ends.push(own.ts)
      else turnEnds.set(own.tid, [own.ts])
    }
    this.#lanes.flush()
    for (const ends of turnEnds.values()) ends.sort((a, b) => a - b)
    return turnEnds
  }

  close(atUs: number): void {
    this.#operations.close(atUs)
    this.#lanes.close(atUs)
  }

  /** What describes the process is said elsewhere; flows and objects are none of Node's. */
  #addOne(event: NodeEvent): void {
    const { ph } = event
    if (ph === 'b' || ph === 'S') this.#operations.begin(event)
    else if (ph === 'e' || ph === 'F') this.#operations.end(event)
    else if (ph === 'B') this.#lanes.begin(event)
    else if (ph === 'E') this.#lanes.end(event)
    else if (ph === 'X' && !isTrifle(event)) this.#lanes.complete(event)
    else if (ph === 'C') this.#emit(this.#plain('C', event))
    else if (ph === 'I' || ph === 'i' || ph === 'R') {
      this.#emit({ ...this.#plain('i', event), s: 't' })
    }
  }

  #plain(ph: 'C' | 'i', { name, cat, tid, ts, args }: NodeEvent): TraceEvent {
    return { ph, name, cat, pid: this.#pid, tid, ts, ...(args && { args }) }
  }
}

/** Every turn has several of them, which would be most of a trace. */
const trifleUs = 50

function isTrifle({ cat, dur }: NodeEvent): boolean {
  return cat === 'node.environment' && dur < trifleUs
}

/** Node looks for immediates when it has polled, at the end of every turn of libuv's loop. */
function isTurnEnd({ name, cat, ph }: NodeEvent): boolean {
  return name === 'CheckImmediate' && cat === 'node.environment' && ph === 'X'
}
