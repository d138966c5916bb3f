/**
 * Node's trace events (the inspector's domain NodeTracing), of all threads of the process. Node keeps
 * them until a buffer of 65,536 is full, or until anybody's tracing starts or stops: then everybody
 * gets what there is. So a second session that starts and stops makes the first one's events come
 * without an end of its tracing. Works while JavaScript blocks the main thread (Node 18 to 26).
 *
 * The buffer must never get full. Node then hands it over on a thread of its own, and where tracing
 * starts or stops at that moment, two threads write into one stream: Node 20 was seen to crash
 * (NodeTraceBuffer::Flush, InspectorTraceWriter). So events are fetched long before, and where they
 * come too fast, tracing ends right after they were fetched, when the buffer is empty. And Node does not
 * bear that a worker thread makes events while they are fetched: one of five targets on Node 20 whose
 * workers served HTTP died at some 8,000 events a second; none did where the main thread alone made them.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { CommandOptions, Session } from '../inspector/session.ts'

/** A rate that would fill the buffer at the earliest in six of these. */
const flushMs = 100
const tooManyPerFlush = 10_000

/** Nothing is known of the rate yet. */
const firstFlushMs = 20

/** Some 50 MB as objects here. What comes on top of it within a window is counted, not kept. */
const maxPendingEvents = 100_000

/** Events follow within a few ms of what makes them come. */
const arrivalMs = 1000

/** Nobody's tracing costs less: garbage collections. */
const cheapest = ['v8']

export interface TakenEvents {
  readonly events: readonly unknown[]
  /** Events that came and were not kept, because too many came; of a batch that came broken, one. */
  readonly droppedCount: number
}

export class NodeTracing {
  readonly #session: Session
  /** The one that makes events come; without it the tracing itself is stopped and started for that. */
  readonly #companion: Session | undefined
  readonly #categories: readonly string[]
  readonly #unlisten: () => void
  readonly #ended = new AbortController()
  #pumping: Promise<void> | undefined
  #flushing: Promise<void> = Promise.resolve()
  #events: unknown[] = []
  #droppedCount = 0
  #arrivedCount = 0
  #flushedMs = 0
  #onArrival = () => {}
  #isOn = false
  #endedBecause: string | undefined

  constructor(session: Session, companion: Session | undefined, categories: readonly string[]) {
    this.#session = session
    this.#companion = companion
    this.#categories = categories
    this.#unlisten = session.on('NodeTracing.dataCollected', ({ value, broken }) => {
      if (broken === true) this.#droppedCount++
      if (Array.isArray(value)) this.#collect(value)
    })
  }

  /** Why it was ended before the recording was, in words. */
  get endedBecause(): string | undefined {
    return this.#endedBecause
  }

  async start(options: CommandOptions): Promise<void> {
    await this.#start(this.#session, this.#categories, options)
    this.#isOn = true
    this.#flushedMs = performance.now()
    this.#pumping = this.#pump(options)
  }

  /** Makes Node hand over what it has. */
  flush(options: CommandOptions): Promise<void> {
    this.#flushing = this.#flushing.catch(() => {}).then(() => this.#flush(options))
    return this.#flushing
  }

  /** Ends it early, for that reason; what has come stays. */
  async end(reason: string, options: CommandOptions): Promise<void> {
    await this.#flushing.catch(() => {})
    await this.#end(reason, options)
  }

  /** What has come since it was last called. */
  take(): TakenEvents {
    const taken = { events: this.#events, droppedCount: this.#droppedCount }
    this.#events = []
    this.#droppedCount = 0
    return taken
  }

  /** Makes sure that it is off, whatever happened before. */
  async close(timeoutMs = 1500): Promise<void> {
    this.#ended.abort()
    this.#unlisten()
    // The companion's first: it may have been left in the middle of a flush.
    for (const session of [this.#companion, this.#session]) {
      await session?.send('NodeTracing.stop', {}, { timeoutMs }).catch(() => {})
    }
    await this.#pumping
  }

  /** Ends without a word when a command fails: whoever takes a window sends the next, and hears of it. */
  async #pump(options: CommandOptions): Promise<void> {
    const signal = this.#ended.signal
    let intervalMs = firstFlushMs
    while (this.#isOn && !signal.aborted) {
      try {
        const sinceMs = performance.now() - this.#flushedMs
        await sleep(Math.max(1, intervalMs - sinceMs), undefined, { signal })
        if (performance.now() - this.#flushedMs >= intervalMs) await this.flush(options)
        intervalMs = flushMs
      } catch {
        return
      }
    }
  }

  async #flush(options: CommandOptions): Promise<void> {
    if (!this.#isOn) return
    const arrivedBefore = this.#arrivedCount
    const arrived = new Promise<void>((resolve) => {
      this.#onArrival = resolve
    })
    if (this.#companion) {
      await this.#start(this.#companion, cheapest, options)
      await this.#companion.send('NodeTracing.stop', {}, options)
    } else {
      await this.#session.send('NodeTracing.stop', {}, options)
      await this.#start(this.#session, this.#categories, options)
    }
    await Promise.race([arrived, sleep(arrivalMs, undefined, { ref: false })])
    this.#flushedMs = performance.now()
    const isTooMuch = this.#arrivedCount - arrivedBefore > tooManyPerFlush
    if (isTooMuch)
      await this.#end('too many events for Node to keep: name fewer categories', options)
  }

  async #end(reason: string, options: CommandOptions): Promise<void> {
    if (!this.#isOn) return
    this.#isOn = false
    this.#endedBecause = reason
    await this.#session.send('NodeTracing.stop', {}, options)
  }

  #start(session: Session, includedCategories: readonly string[], options: CommandOptions) {
    const traceConfig = { includedCategories: [...includedCategories] }
    return session.send('NodeTracing.start', { traceConfig }, options)
  }

  #collect(value: readonly unknown[]): void {
    // Node ends what it hands over with events that describe the process, alone.
    if (value.length > 0 && value.every(isMetadata)) {
      this.#onArrival()
      return
    }
    this.#arrivedCount += value.length
    const room = maxPendingEvents - this.#events.length
    for (const event of value.slice(0, room)) this.#events.push(event)
    this.#droppedCount += Math.max(0, value.length - room)
  }
}

function isMetadata(event: unknown): boolean {
  return typeof event === 'object' && event !== null && 'ph' in event && event.ph === 'M'
}
