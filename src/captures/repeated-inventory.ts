/** The inventory of a thread, taken again and again: what stays the same is looked up once. */
import type { CommandOptions, Session } from '../inspector/session.ts'
import { findInternals, type RemoteInternals } from './goroutine-internals.ts'
import { type Inventory, type InventoryOptions, readInventory } from './goroutine-inventory.ts'
import { releaseObjects } from './remote-objects.ts'
import { ScriptUrls } from './script-urls.ts'

export interface RepeatedInventoryOptions extends CommandOptions {
  readonly maxFrames: number
  /** Show the query of URLs, which may hold secrets. */
  readonly withQuery: boolean
  /** How long the thread may stand still, once, for learning which files its callbacks are in. */
  readonly maxLocateMs: number
  /** The session's profiler is on, and stays so. */
  readonly isProfiling: boolean
}

/**
 * Smaller than those of a single look, for they are paid each time: a callback's place costs 0.4 ms, a
 * promise's awaiters 10 us, and 500 entries are more than anybody looks at in a timeline.
 */
const limits = { maxEntries: 500, maxFunctions: 20, maxProbes: 100, budgetMs: 5 } as const

/** Keeps Node's internals from one look to the next. */
const internalsGroup = 'pprofd-internals'

export class RepeatedInventory {
  readonly #session: Session
  readonly #options: InventoryOptions
  #internals: RemoteInternals | undefined

  constructor(session: Session, { withQuery, ...options }: RepeatedInventoryOptions) {
    this.#session = session
    this.#options = {
      ...options,
      limits: { ...limits, separateTimers: true, withQuery },
      urls: new ScriptUrls(),
      withoutJobs: true,
    }
  }

  /** Its cost is how long the thread worked for it. */
  async look(): Promise<Inventory> {
    const meter = { costMs: 0 }
    this.#internals ??= await findInternals(this.#session, {
      ...this.#options,
      meter,
      objectGroup: internalsGroup,
    })
    const options = { ...this.#options, internals: this.#internals }
    const inventory = await readInventory(this.#session, options)
    return { ...inventory, costMs: inventory.costMs + meter.costMs }
  }

  close(): Promise<void> {
    return releaseObjects(this.#session, internalsGroup)
  }
}
