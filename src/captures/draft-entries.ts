/** From what a target listed, and what was found out about its callbacks and promises, to entries. */
import type { Entry, Frame, Kind, WaitRange } from './goroutine-entry.ts'
import type { RawEntry } from './in-target/collector.ts'

/** An entry that has no number and no thread yet. */
export type Draft = Omit<Entry, 'id' | 'thread'>

export interface LocatedFunction {
  /** '' where the script's URL is unknown. */
  readonly url: string
  readonly line: number
  readonly column: number
  /** Indexes of the subjects that the function closes over. */
  readonly subjects: readonly number[]
}

export interface Findings {
  /** By the index of the function. */
  readonly functions: ReadonlyMap<number, LocatedFunction>
  /** Who awaits a subject, by its index. */
  readonly chains: ReadonlyMap<number, readonly Frame[]>
  readonly maxFrames: number
}

/** What was listed, by itself. */
export interface Piece {
  readonly draft: Draft
  /** Of Node's AsyncWrap: the same for the same operation, as long as it lives; undefined where there is none. */
  readonly asyncId: number | undefined
}

interface Merged {
  readonly draft: Draft
  count: number
  wait: WaitRange | undefined
  due: WaitRange | undefined
}

/** Entries that look alike are merged; the time until timers fire does not keep them apart. */
export function draftEntries(raw: readonly RawEntry[], findings: Findings): readonly Draft[] {
  const merged = new Map<string, Merged>()
  for (const entry of raw) {
    const draft = draftOf(entry, findings)
    const key = JSON.stringify([draft.kind, draft.state, draft.stack, draft.waitsFor])
    const one = merged.get(key) ?? { draft, count: 0, wait: undefined, due: undefined }
    merged.set(key, one)
    one.count += draft.count
    one.wait = widened(one.wait, entry.waitMs)
    one.due = widened(one.due, entry.dueMs)
  }
  return [...merged.values()].map(({ draft, count, wait, due }) => ({
    ...draft,
    count,
    ...(wait === undefined ? {} : { wait }),
    ...(due === undefined ? {} : { waitsFor: firingTime(due) }),
  }))
}

/** Entries as they were listed, without the time until they fire. */
export function separateDrafts(raw: readonly RawEntry[], findings: Findings): readonly Piece[] {
  return raw.map((entry) => {
    const { asyncId } = entry
    const isKnown = Number.isSafeInteger(asyncId) && Number(asyncId) > 0
    return { draft: draftOf(entry, findings), asyncId: isKnown ? asyncId : undefined }
  })
}

function draftOf({ kind, state, count, waitsFor, ...rest }: RawEntry, findings: Findings): Draft {
  const awaiters = chainOf(rest, findings)
  const stack = [...callbackFrames(rest, findings), ...awaiters]
  return {
    kind: kind as Kind,
    state,
    count,
    stack,
    ...(awaiters.length >= findings.maxFrames ? { elided: true } : {}),
    ...(waitsFor === undefined ? {} : { waitsFor }),
  }
}

type Meaning = Pick<RawEntry, 'function' | 'subject'>

function callbackFrames(
  { function: callback }: Meaning,
  { functions }: Findings,
): readonly Frame[] {
  if (callback === undefined) return []
  const places = callback.samples.flatMap((index) => functions.get(index) ?? [])
  const [first] = places
  const isOnePlace = places.every((place) => samePlace(place, first))
  // Several functions with the same text: they have no one place.
  const { url, line, column } = first !== undefined && isOnePlace ? first : nowhere
  return [{ function: callback.name || '(anonymous)', url, line, column }]
}

const nowhere = { url: '', line: 0, column: 0 } as const

function samePlace(place: LocatedFunction, other: LocatedFunction | undefined): boolean {
  return place.url === other?.url && place.line === other.line && place.column === other.column
}

/** Closures may close over several promises: only where all have the same awaiters these are told. */
function chainOf(meaning: Meaning, { functions, chains }: Findings): readonly Frame[] {
  if (meaning.subject !== undefined) return chains.get(meaning.subject) ?? []
  const subjects = (meaning.function?.samples ?? []).flatMap(
    (index) => functions.get(index)?.subjects ?? [],
  )
  const found = subjects.flatMap((subject) => {
    const chain = chains.get(subject) ?? []
    return chain.length > 0 ? [chain] : []
  })
  const distinct = new Set(found.map((chain) => JSON.stringify(chain)))
  return distinct.size === 1 ? (found[0] ?? []) : []
}

function widened(
  range: WaitRange | undefined,
  added: readonly [number, number] | undefined,
): WaitRange | undefined {
  if (added === undefined) return range
  const [low, high] = added
  return {
    minMs: Math.min(range?.minMs ?? low, low),
    maxMs: Math.max(range?.maxMs ?? high, high),
  }
}

function firingTime({ minMs, maxMs }: WaitRange): string {
  const [first, last] = [Math.round(minMs), Math.round(maxMs)]
  if (last <= 0) return 'timer, due now'
  return first === last
    ? `timer, fires in ${first} ms`
    : `timer, fires in ${Math.max(0, first)} to ${last} ms`
}
