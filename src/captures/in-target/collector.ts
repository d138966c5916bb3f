/** Runs in the target, see target-source.ts: gathers the entries of an inventory, bounded in time and number. */
import { clockMs } from './clock-ms.ts'
import { isResolveFunction, own } from './own.ts'

export interface Limits {
  readonly maxEntries: number
  /** Callbacks whose position is looked up afterwards. */
  readonly maxFunctions: number
  /** Promises and resolve functions whose awaiters are looked up afterwards. */
  readonly maxProbes: number
  readonly budgetMs: number
  /** One entry a timer, and the ids of everything. (default: those whose callbacks look alike are one) */
  readonly separateTimers?: boolean | undefined
  /** Show the query of URLs, which may hold secrets. */
  readonly withQuery: boolean
}

/** Numbers are indexes into the functions, or the subjects, that are left for later steps. */
export interface RawEntry {
  readonly kind: string
  readonly state: string
  readonly count: number
  readonly waitsFor?: string | undefined
  /** Of Node's AsyncWrap, if it has one and ids are wanted; undefined where the entry stands for several. */
  readonly asyncId?: number | undefined
  readonly function?: Callback | undefined
  /** A promise that the work settles. */
  readonly subject?: number | undefined
  /** Time waited so far, shortest and longest. */
  readonly waitMs?: readonly [number, number] | undefined
  /** Time until a timer fires, first and last. */
  readonly dueMs?: readonly [number, number] | undefined
}

export interface Callback {
  readonly name: string
  /** Some of those that look alike, by their index; more than one where one entry stands for many. */
  readonly samples: readonly number[]
}

export interface RawCut {
  readonly what: string
  readonly shown: number
  readonly total: number
}

/** The internal modules and structures of Node that the inventory reads. */
export interface Internals {
  readonly internalBinding?: ((name: string) => unknown) | undefined
  readonly timerListMap?: Readonly<Record<string, unknown>> | undefined
  readonly immediateQueue?: unknown
}

export interface Collector {
  readonly limits: Limits
  readonly entries: readonly RawEntry[]
  readonly functions: readonly unknown[]
  readonly subjects: readonly unknown[]
  readonly cuts: readonly RawCut[]
  add(entry: RawEntry): void
  /** From now on the given part of the whole time may be used. */
  allow(part: number): void
  /** Whether that time is up: then only counting goes on. */
  isLate(): boolean
  /** Whether it is, or the list is full. */
  isFull(): boolean
  cut(what: string, shown: number, total: number): void
  /** What a callback means: a function to locate, or the promise that it settles. */
  callback(value: unknown): Pick<RawEntry, 'function' | 'subject'>
  isPromise(value: unknown): boolean
  /** To look at one may run code of the program. */
  isProxy(value: unknown): boolean
}

export function createCollector(internals: Internals, limits: Limits): Collector {
  const startedMs = clockMs()
  let deadline = startedMs + limits.budgetMs
  const types = internals.internalBinding?.('types')
  const test = (name: string) => own(types, name) as ((value: unknown) => boolean) | undefined
  const isProxy = test('isProxy') ?? (() => true)
  const isPromise = test('isPromise') ?? (() => false)
  const entries: RawEntry[] = []
  const functions: unknown[] = []
  const subjects: unknown[] = []
  const cuts: RawCut[] = []
  const known = new Map<unknown, number>()

  function callback(value: unknown): Pick<RawEntry, 'function' | 'subject'> {
    // Once-listeners carry the function that they wrap.
    const listener = typeof value === 'function' && !isProxy(value) ? own(value, 'listener') : value
    const found = typeof listener === 'function' ? listener : value
    if (isProxy(found)) return {}
    if (isPromise(found) || isResolveFunction(found)) {
      return { subject: subjects.length < limits.maxProbes ? subjects.push(found) - 1 : undefined }
    }
    if (typeof found !== 'function') return {}
    const name = own(found, 'name')
    return { function: { name: typeof name === 'string' ? name : '', samples: indexOf(found) } }
  }

  function isLate(): boolean {
    return clockMs() > deadline
  }

  function indexOf(found: unknown): readonly number[] {
    const index = known.get(found)
    if (index !== undefined) return [index]
    if (functions.length >= limits.maxFunctions) return []
    known.set(found, functions.length)
    return [functions.push(found) - 1]
  }

  return {
    limits,
    entries,
    functions,
    subjects,
    cuts,
    add: (entry) => void entries.push(entry),
    allow: (part) => {
      deadline = startedMs + limits.budgetMs * part
    },
    isLate,
    isFull: () => isLate() || entries.length >= limits.maxEntries,
    cut: (what, shown, total) => {
      if (total > shown) cuts.push({ what, shown, total })
    },
    callback,
    isPromise,
    isProxy,
  }
}

/** The first listener of the first of the events that has one. */
export function listener(
  collector: Collector,
  emitter: unknown,
  names: readonly string[],
): Pick<RawEntry, 'function' | 'subject'> {
  const events = own(emitter, '_events')
  for (const name of names) {
    const value = own(events, name)
    const first = Array.isArray(value) ? value[0] : value
    if (typeof first === 'function') return collector.callback(first)
  }
  return {}
}
