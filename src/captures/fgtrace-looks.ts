/**
 * Looks at what a process waits for, again and again. The resources of a thread cost that thread time, so
 * looks are as far apart as keeps that at one hundredth; suspended functions are read out of the memory,
 * which costs pprofd's processor instead.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { InspectorError, TargetError } from '../errors.ts'
import type { Session } from '../inspector/session.ts'
import type { Targets } from '../targets/targets.ts'
import type { FgtraceSink, LookTotals, PendingPiece } from './fgtrace-sink.ts'
import { type SuspendedGroup, suspendedGroups, tryCensus } from './goroutine-census.ts'
import type { Cut } from './goroutine-entry.ts'
import type { Inventory } from './goroutine-inventory.ts'
import { joinCensus } from './join-census.ts'
import { monotonicUs } from './monotonic-time.ts'
import { RepeatedInventory } from './repeated-inventory.ts'

export interface FgtraceLooksOptions {
  readonly pid: number
  /** Most looks a second. */
  readonly hz: number
  readonly withQuery: boolean
  /** Most bytes of its heaps that may be read at once. */
  readonly maxHeapBytes: number
}

/** Of a thread's time; of one of our processors' time. */
export const maxLookShare = 0.01
export const maxCensusShare = 0.25

/** What reading and answering the messages takes, which no clock in the target sees: 0.3 to 0.6 ms. */
const messagesMs = 0.5

/** The first look costs 10 to 30 ms, once; what is said of the next ones is known after the second. */
const secondLookMs = 250

/**
 * A look's limits keep it below 30 ms of work. What seems to take longer had to wait for the processor,
 * which is no reason to wait for it in turn.
 */
const maxPauseMs = 3000

/** A thread that did not answer is in native code: there is no hurry. */
const retryMs = 1000

const commandTimeoutMs = 5000

/** As everywhere in goroutine snapshots. */
const maxFrames = 100
const maxLocateMs = 50

export class FgtraceLooks {
  readonly #targets: Targets
  readonly #options: FgtraceLooksOptions
  /** What the last look at each thread found. */
  readonly #resources = new Map<string, readonly PendingPiece[]>()
  #groups: readonly SuspendedGroup[] = []
  #totals = { looks: 0, looksCostMs: 0, censuses: 0, censusMs: 0 }
  readonly #cuts = new Map<string, Cut>()
  readonly #notes = new Set<string>()

  constructor(targets: Targets, options: FgtraceLooksOptions) {
    this.#targets = targets
    this.#options = options
  }

  get totals(): LookTotals {
    return { ...this.#totals, cuts: [...this.#cuts.values()], notes: [...this.#notes] }
  }

  /** Until `stop`, or until the thread ends. Its profiler must be on. */
  async watchThread(
    session: Session,
    thread: string,
    sink: Promise<FgtraceSink>,
    stop: AbortSignal,
  ): Promise<void> {
    const { withQuery, hz } = this.#options
    const wish = { maxFrames, withQuery, maxLocateMs, timeoutMs: commandTimeoutMs }
    const inventory = new RepeatedInventory(session, { ...wish, isProfiling: true, signal: stop })
    this.#resources.set(thread, [])
    try {
      const to = await sink
      for (let count = 0; !stop.aborted && !session.isClosed; count++) {
        const beginMs = performance.now()
        const atUs = monotonicUs()
        const seen = await this.#look(inventory, thread, stop)
        if (seen === undefined) {
          await pause(retryMs, stop)
          continue
        }
        await to.look(thread, atUs, this.#joined(thread), seen.cuts.length > 0)
        const fairMs = count === 0 ? secondLookMs : (seen.costMs + messagesMs) / maxLookShare
        const nextMs = Math.max(1000 / hz, Math.min(fairMs, maxPauseMs))
        await pause(beginMs + nextMs - performance.now(), stop)
      }
    } finally {
      this.#resources.delete(thread)
      await inventory.close()
    }
  }

  /** Until `stop`. */
  async watchSuspended(sink: Promise<FgtraceSink>, stop: AbortSignal): Promise<void> {
    const { pid, maxHeapBytes: maxBytes, hz } = this.#options
    while (!stop.aborted) {
      const beginMs = performance.now()
      const beganUs = monotonicUs()
      const { census, ...rest } = await tryCensus(this.#targets, { pid, maxBytes, signal: stop })
      if (stop.aborted) return
      if (census === undefined) {
        const refusal = 'refusal' in rest ? rest.refusal : undefined
        // The threads tell that the process has ended.
        if (!(refusal instanceof TargetError)) {
          this.#notes.add(`suspended functions are missing: ${refusal?.message}`)
        }
        return
      }
      const tookMs = performance.now() - beginMs
      this.#totals.censuses++
      this.#totals.censusMs += tookMs
      this.#groups = suspendedGroups(census, this.#workers())
      const to = await sink
      await to.suspended((beganUs + monotonicUs()) / 2, this.#unexplained())
      const nextMs = Math.max(1000 / hz, tookMs / maxCensusShare)
      await pause(beginMs + nextMs - performance.now(), stop)
    }
  }

  /** Undefined where it did not answer. */
  async #look(
    inventory: RepeatedInventory,
    thread: string,
    stop: AbortSignal,
  ): Promise<Inventory | undefined> {
    try {
      const found = await inventory.look()
      const { pieces, cuts, costMs, notes } = found
      this.#resources.set(
        thread,
        pieces.map(({ draft, asyncId }) => ({ ...draft, thread, asyncId })),
      )
      if (thread === 'main') this.#totals.looks++
      this.#totals.looksCostMs += costMs
      for (const cut of cuts) this.#addCut(thread, cut)
      for (const note of notes) this.#notes.add(`${thread}: ${note}`)
      return found
    } catch (error) {
      if (error instanceof InspectorError || stop.aborted) return undefined
      throw error
    }
  }

  #addCut(thread: string, { what, shown, total }: Cut): void {
    const key = `${thread}: ${what}`
    const known = this.#cuts.get(key)
    if (known !== undefined && known.total - known.shown >= total - shown) return
    this.#cuts.set(key, { what: key, shown, total })
  }

  /** What a thread waits for, with all functions that await each, as far as the last census knows them. */
  #joined(thread: string): readonly PendingPiece[] {
    const found = this.#resources.get(thread) ?? []
    const groups = this.#groups.filter((group) => group.thread === thread)
    const joined = joinCensus(found, groups).slice(0, found.length)
    return joined.map((work, index) => ({ ...work, asyncId: found[index]?.asyncId }))
  }

  /** The suspended functions that wait for none of these. */
  #unexplained(): readonly PendingPiece[] {
    const found = [...this.#resources.values()].flat()
    return joinCensus(found, this.#groups).slice(found.length)
  }

  /** In the order in which they were started. */
  #workers(): readonly string[] {
    const numberOf = (thread: string) => Number(/#(\d+)$/.exec(thread)?.[1] ?? 0)
    const names = [...this.#resources.keys()].filter((thread) => thread !== 'main')
    return names.sort((a, b) => numberOf(a) - numberOf(b))
  }
}

/** Its end is no failure. */
async function pause(durationMs: number, stop: AbortSignal): Promise<void> {
  await sleep(Math.max(0, durationMs), undefined, { signal: stop }).catch(() => {})
}
