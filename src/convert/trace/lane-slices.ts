/**
 * What Node measures of a thread's synchronous work (garbage collections, phases of the event loop,
 * fs.readFileSync), as nested async slices: one lane a category and thread.
 */
import type { NodeEvent } from './node-event.ts'
import type { EmitEvent, TraceEvent } from './trace-event.ts'

interface Span {
  readonly event: NodeEvent
  readonly endUs: number
  readonly endArgs?: NodeEvent['args']
}

/** Deeper work of one thread and category is not from Node. */
const maxDepth = 1000

export class LaneSlices {
  readonly #emit: EmitEvent
  readonly #pid: number
  /** Begun and not ended, by lane; innermost last. */
  readonly #open = new Map<string, NodeEvent[]>()
  /** Ended since the last `flush`, by lane. */
  #ended = new Map<string, Span[]>()

  constructor(pid: number, emit: EmitEvent) {
    this.#pid = pid
    this.#emit = emit
  }

  begin(event: NodeEvent): void {
    const lane = laneOf(event)
    const open = this.#open.get(lane)
    if (!open) this.#open.set(lane, [event])
    else if (open.length < maxDepth) open.push(event)
  }

  /** What began before the recording is left out: when, nobody knows. */
  end({ name, ts, args, ...event }: NodeEvent): void {
    const open = this.#open.get(laneOf(event)) ?? []
    const at = open.findLastIndex((begun) => begun.name === name)
    const [begun] = at < 0 ? [] : open.splice(at)
    if (begun) this.#span({ event: begun, endUs: Math.max(ts, begun.ts), endArgs: args })
  }

  complete(event: NodeEvent): void {
    this.#span({ event, endUs: event.ts + event.dur })
  }

  /** Emits what has ended. */
  flush(): void {
    for (const spans of this.#ended.values()) this.#emitNested(spans)
    this.#ended = new Map()
  }

  /** Ends what is open, too: the recording does. */
  close(atUs: number): void {
    for (const event of [...this.#open.values()].flat()) {
      const endArgs = { unfinished: true }
      this.#span({ event, endUs: Math.max(atUs, event.ts), endArgs })
    }
    this.#open.clear()
    this.flush()
  }

  #span(span: Span): void {
    const lane = laneOf(span.event)
    const spans = this.#ended.get(lane)
    if (spans) spans.push(span)
    else this.#ended.set(lane, [span])
  }

  #emitNested(spans: readonly Span[]): void {
    const stack: Span[] = []
    const endUpTo = (atUs: number) => {
      for (let top = stack.at(-1); top && top.endUs <= atUs; top = stack.at(-1)) {
        stack.pop()
        this.#slice('e', top.event, top.endUs, top.endArgs)
      }
    }
    const outermostFirst = (a: Span, b: Span) => a.event.ts - b.event.ts || b.endUs - a.endUs
    for (const span of spans.toSorted(outermostFirst)) {
      endUpTo(span.event.ts)
      const endUs = Math.min(span.endUs, stack.at(-1)?.endUs ?? span.endUs)
      stack.push({ ...span, endUs })
      this.#slice('b', span.event, span.event.ts, span.event.args)
    }
    endUpTo(Number.POSITIVE_INFINITY)
  }

  #slice(ph: 'b' | 'e', event: NodeEvent, ts: number, args: NodeEvent['args']): void {
    const { name, cat, tid } = event
    const slice: TraceEvent = { ph, name, cat, pid: this.#pid, tid, ts, id: String(tid) }
    this.#emit(args ? { ...slice, args } : slice)
  }
}

function laneOf({ cat, tid }: Pick<NodeEvent, 'cat' | 'tid'>): string {
  return `${tid} ${cat}`
}
