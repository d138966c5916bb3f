/**
 * The encoding of github.com/felixge/fgtrace: Chrome trace events as a JSON array, an event a line. Each
 * goroutine is a process of its own with one thread; consecutive samples are merged from the root as long
 * as the names are the same. https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
 */

/** A sample of one goroutine. */
export interface Goroutine {
  /** From 1; its pid in the trace. */
  readonly id: number
  /** What made it, as far as that is known; shown once, when it is first seen. */
  readonly createdBy: string
  /** Names, the leaf first. */
  readonly stack: readonly string[]
}

interface Open {
  readonly stack: readonly string[]
  readonly tsUs: number
}

/**
 * Every method answers the text of its events, in order. Times are microseconds since the beginning; of
 * one goroutine they must ascend, and one that does not is raised. Between goroutines there is no order.
 */
export class FgtraceEncoder {
  readonly #open = new Map<number, Open>()
  #isFirst = true

  /** How many goroutines there are now. */
  get openCount(): number {
    return this.#open.size
  }

  begin(hz: number): string {
    return `[${this.metadata('hz', { hz })}`
  }

  metadata(name: string, args: Readonly<Record<string, unknown>>): string {
    return this.#event({ name, ph: 'M', ts: 0, args })
  }

  sample(tsUs: number, { id, createdBy, stack }: Goroutine): string {
    const open = this.#open.get(id)
    const ts = Math.max(tsUs, open?.tsUs ?? 0)
    this.#open.set(id, { stack, tsUs: ts })
    return open === undefined
      ? this.#named(id, createdBy) + this.#difference(id, ts, [], stack)
      : this.#difference(id, ts, open.stack, stack)
  }

  /** It is no more; when its id is seen again it is named again. */
  gone(tsUs: number, id: number): string {
    const open = this.#open.get(id)
    if (open === undefined) return ''
    this.#open.delete(id)
    return this.#difference(id, Math.max(tsUs, open.tsUs), open.stack, [])
  }

  /** Without it the text is an array without its end, which viewers accept. */
  end(tsUs: number): string {
    const all = [...this.#open.keys()].map((id) => this.gone(tsUs, id))
    return `${all.join('')}]`
  }

  #named(pid: number, createdBy: string): string {
    const name = createdBy === '' ? `G${pid}` : `G${pid} ${createdBy}`
    return this.#event({ name: 'process_name', ph: 'M', ts: 0, pid, tid: 1, args: { name } })
  }

  #difference(
    pid: number,
    ts: number,
    before: readonly string[],
    after: readonly string[],
  ): string {
    const common = commonDepth(before, after)
    let text = ''
    for (let at = 0; at < before.length - common; at++) {
      text += this.#event({ name: before[at] ?? '', ph: 'E', ts, pid, tid: 1 })
    }
    for (let at = after.length - common - 1; at >= 0; at--) {
      text += this.#event({ name: after[at] ?? '', ph: 'B', ts, pid, tid: 1 })
    }
    return text
  }

  /** The members in the order of fgtrace's; readers of JSON do not mind, those of text may. */
  #event(event: Readonly<Record<string, unknown>>): string {
    const separator = this.#isFirst ? '' : ','
    this.#isFirst = false
    return `${separator}${JSON.stringify(event)}\n`
  }
}

/** How many frames are the same, counted from the root. */
function commonDepth(before: readonly string[], after: readonly string[]): number {
  const most = Math.min(before.length, after.length)
  let depth = 0
  while (depth < most && before.at(-1 - depth) === after.at(-1 - depth)) depth++
  return depth
}
