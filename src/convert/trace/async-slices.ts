/** Operations that Node begins now and ends later, as async slices: http, fs, dns, and async resources. */
import type { NodeEvent } from './node-event.ts'
import type { EmitEvent, TraceEvent } from './trace-event.ts'

/** More operations than that at once are not followed: what begins then is counted as left out. */
const maxOpen = 50_000

export class AsyncSlices {
  readonly #emit: EmitEvent
  readonly #pid: number
  /** Begun and not ended, by category, id and name; what has all three in common nests. */
  readonly #open = new Map<string, TraceEvent[]>()
  #openCount = 0
  #leftOutCount = 0

  constructor(pid: number, emit: EmitEvent) {
    this.#pid = pid
    this.#emit = emit
  }

  /** Beginnings that were not followed, because too much was open. */
  get leftOutCount(): number {
    return this.#leftOutCount
  }

  begin(event: NodeEvent): void {
    if (this.#openCount >= maxOpen) {
      this.#leftOutCount++
      return
    }
    const begin = this.#slice('b', event)
    const key = keyOf(begin)
    const begun = this.#open.get(key)
    if (begun) begun.push(begin)
    else this.#open.set(key, [begin])
    this.#openCount++
    this.#emit(begin)
  }

  /** What began before the recording is left out: when, nobody knows. */
  end(event: NodeEvent): void {
    const end = this.#slice('e', event)
    const key = keyOf(end)
    const begun = this.#open.get(key)
    const begin = begun?.pop()
    if (!begin) return
    if (begun?.length === 0) this.#open.delete(key)
    this.#openCount--
    this.#emit({ ...end, ts: Math.max(end.ts, begin.ts) })
  }

  /** Ends what is open: the recording does. */
  close(atUs: number): void {
    for (const begin of [...this.#open.values()].flat().reverse()) {
      const ts = Math.max(atUs, begin.ts)
      this.#emit({ ...begin, ph: 'e', ts, args: { unfinished: true } })
    }
    this.#open.clear()
  }

  /** Ids are counted by each thread: the thread's makes them different. */
  #slice(ph: 'b' | 'e', { name, cat, tid, ts, id = '', args }: NodeEvent): TraceEvent {
    const slice = { ph, name, cat, pid: this.#pid, tid, ts, id: `${tid}:${id}` }
    return args ? { ...slice, args } : slice
  }
}

function keyOf({ cat, id, name }: TraceEvent): string {
  return `${cat}\0${id}\0${name}`
}
