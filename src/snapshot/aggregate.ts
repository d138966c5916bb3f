/** Puts alike entries into buckets, in one pass: https://github.com/maruel/panicparse stack/bucket.go */
import { cleanText } from '../convert/clean-text.ts'
import { compareBuckets } from './bucket-order.ts'
import { type Call, Calls } from './call.ts'
import { type Entry, type GoroutineRecording, type Kind, totalCount, type Wait } from './entry.ts'
import type { Sources } from './packages.ts'
import { defaultSimilarity, maskVarying, mergeWaitsFor, type Similarity } from './similarity.ts'

/** What the entries of a bucket have in common. */
export interface Signature {
  readonly kind: Kind
  readonly state: string
  /** From the shortest to the longest; undefined unless it is known of every entry. */
  readonly wait: Wait | undefined
  /** With `*` for what differs. */
  readonly waitsFor: string | undefined
  readonly createdBy: Call | undefined
  /** Nearest first; a column that differs is 0. */
  readonly stack: readonly Call[]
  readonly elided: boolean
}

export interface Bucket extends Signature {
  /** Equal for buckets of the same signature in aggregates that share their Calls. */
  readonly key: string
  /** Ascending. */
  readonly ids: readonly number[]
  /** How many pieces of work its entries stand for. */
  readonly count: number
  /** In the order of their names, with how many pieces of work each has. */
  readonly threads: readonly { readonly thread: string; readonly count: number }[]
  /** Whether it holds the first entry of the recording: what the main thread runs. */
  readonly isFirst: boolean
}

export interface Aggregate {
  readonly recording: GoroutineRecording
  readonly similarity: Similarity
  /** In panicparse's order, most relevant first. */
  readonly buckets: readonly Bucket[]
  /** The sum of their counts. */
  readonly count: number
}

export interface AggregateOptions {
  readonly similarity?: Similarity | undefined
  /** Default: the target's working directory, and no packages known. */
  readonly sources?: Sources | undefined
}

export function aggregate(
  recording: GoroutineRecording,
  options: AggregateOptions = {},
  calls: Calls = new Calls(sourcesOf(recording, options)),
): Aggregate {
  const { similarity = defaultSimilarity } = options
  const drafts = new Map<string, Draft>()
  let firstId = Number.POSITIVE_INFINITY
  for (const entry of recording.entries) {
    const stack = entry.stack.map((frame) => calls.of(frame))
    const createdBy = entry.createdBy && calls.of(entry.createdBy)
    const key = keyOf(entry, stack, createdBy, similarity)
    const draft = drafts.get(key)
    if (draft) add(draft, entry, stack, createdBy)
    else drafts.set(key, begin(key, entry, stack, createdBy))
    if (entry.id < firstId) firstId = entry.id
  }
  const buckets = Array.from(drafts.values(), (draft) => finish(draft, firstId))
  buckets.sort(compareBuckets(buckets))
  return { recording, similarity, buckets, count: totalCount(recording.entries) }
}

/** Where the files of the target are, as far as the recording itself says. */
export function sourcesOf({ target }: GoroutineRecording, options: AggregateOptions = {}): Sources {
  return options.sources ?? { workingDirectory: target.workingDirectory }
}

/** A bucket under way. */
interface Draft {
  readonly key: string
  readonly kind: Kind
  readonly state: string
  readonly elided: boolean
  readonly stack: Call[]
  readonly ids: number[]
  readonly threads: Map<string, number>
  createdBy: Call | undefined
  waitsFor: string | undefined
  wait: Wait | undefined
}

function keyOf(
  entry: Entry,
  stack: readonly Call[],
  createdBy: Call | undefined,
  similarity: Similarity,
): string {
  const isExact = similarity === 'exactflags'
  const idOf = (call: Call): number => (isExact ? call.id : call.placeId)
  const parts = [
    isExact ? cleanText(entry.thread) : '',
    entry.kind,
    cleanText(entry.state),
    entry.elided === true ? 'elided' : '',
    createdBy ? idOf(createdBy) : '',
    stack.map(idOf).join(' '),
    ...waitsForKey(entry.waitsFor, similarity),
  ]
  return parts.join('\0')
}

function waitsForKey(waitsFor: string | undefined, similarity: Similarity): readonly string[] {
  if (similarity === 'anyvalue' || waitsFor === undefined) return []
  return [similarity === 'anypointer' ? maskVarying(cleanText(waitsFor)) : cleanText(waitsFor)]
}

function begin(key: string, entry: Entry, stack: Call[], createdBy: Call | undefined): Draft {
  return {
    key,
    kind: entry.kind,
    state: cleanText(entry.state),
    elided: entry.elided === true,
    stack,
    ids: [entry.id],
    threads: new Map([[cleanText(entry.thread), entry.count]]),
    createdBy,
    waitsFor: entry.waitsFor === undefined ? undefined : cleanText(entry.waitsFor),
    wait: entry.wait,
  }
}

function add(draft: Draft, entry: Entry, stack: Call[], createdBy: Call | undefined): void {
  const thread = cleanText(entry.thread)
  draft.ids.push(entry.id)
  draft.threads.set(thread, (draft.threads.get(thread) ?? 0) + entry.count)
  for (const [index, call] of stack.entries()) {
    const known = draft.stack[index]
    if (known && known.id !== call.id) draft.stack[index] = mergeCalls(known, call)
  }
  if (draft.createdBy && createdBy) draft.createdBy = mergeCalls(draft.createdBy, createdBy)
  const waitsFor = entry.waitsFor === undefined ? undefined : cleanText(entry.waitsFor)
  draft.waitsFor = mergeWaitsFor(draft.waitsFor, waitsFor)
  draft.wait = draft.wait && entry.wait && mergeWaits(draft.wait, entry.wait)
}

/** They are of one place: only their columns can differ. */
function mergeCalls(a: Call, b: Call): Call {
  return a.column === b.column ? a : { ...a, id: -1, column: 0 }
}

function mergeWaits(a: Wait, b: Wait): Wait {
  return { minMs: Math.min(a.minMs, b.minMs), maxMs: Math.max(a.maxMs, b.maxMs) }
}

function finish({ threads, ids, ...draft }: Draft, firstId: number): Bucket {
  const sorted = ids.sort((a, b) => a - b)
  const byName = Array.from(threads, ([thread, count]) => ({ thread, count }))
  byName.sort((a, b) => (a.thread < b.thread ? -1 : 1))
  const count = byName.reduce((sum, { count }) => sum + count, 0)
  return { ...draft, ids: sorted, count, threads: byName, isFirst: sorted[0] === firstId }
}
