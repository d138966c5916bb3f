/** The census of suspended functions as part of a goroutine snapshot. */
import type { Census, CensusGroup } from '../census/census.ts'
import { takeCensus } from '../census/take-census.ts'
import { CaptureError, InspectorError, OperationalError } from '../errors.ts'
import type { Attachment } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'
import type { Frame } from './goroutine-entry.ts'
import { withMemoryReader } from './memory-reader.ts'

export interface CensusWish {
  readonly pid: number
  readonly maxBytes: number
  readonly stop?: boolean | undefined
  readonly signal: AbortSignal
}

/** What a census found, or why there is none. */
export type CensusOutcome =
  | { readonly census: Census; readonly byWorker?: boolean }
  | { readonly census?: undefined; readonly refusal: OperationalError }

/** Equal suspended functions of one thread. */
export interface SuspendedGroup {
  readonly kind: CensusGroup['kind']
  readonly state: CensusGroup['state']
  readonly thread: string
  readonly count: number
  readonly stack: readonly Frame[]
  readonly elided: boolean
  /** Undefined where only an operation of the list may tell. */
  readonly waitsFor?: string | undefined
}

/** Does not throw for what a user can run into: without a census there is still much to tell. */
export async function tryCensus(targets: Targets, wish: CensusWish): Promise<CensusOutcome> {
  if (wish.pid <= 0) {
    const message = 'its process is not known, only its port'
    return { refusal: new CaptureError('census-refused', message) }
  }
  try {
    // Nobody would be left to continue it.
    const stop = wish.stop === true && wish.pid !== process.pid
    return { census: await takeCensus({ ...wish, stop, procRoot: targets.procRoot }) }
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error
    return { refusal: error }
  }
}

/** Through a worker thread in the target, which reads its own memory. As `tryCensus`. */
export async function tryCensusByWorker(
  targets: Targets,
  attachment: Attachment,
  { maxBytes, signal }: Omit<CensusWish, 'pid'>,
): Promise<CensusOutcome> {
  const { pid } = attachment.target
  if (pid <= 0) return tryCensus(targets, { pid, maxBytes, signal })
  const { procRoot } = targets
  try {
    const census = await withMemoryReader(targets, attachment, signal, (reader) =>
      takeCensus({ pid, procRoot, maxBytes, signal, reader }),
    )
    return { census, byWorker: true }
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error
    // The target has gone, and there is nothing else to tell.
    if (error instanceof InspectorError && error.code === 'session-closed') throw error
    if (attachment.session.isClosed) throw new InspectorError('session-closed', error.message)
    return { refusal: error }
  }
}

/** `workers`: the names of the worker threads, in the order in which they were started. */
export function suspendedGroups(
  { groups, isolates, isEachGlanced }: Census,
  workers: readonly string[],
): readonly SuspendedGroup[] {
  const ofWorkers = isolates.filter(({ thread }) => thread !== 'main').length
  // Which one a thread is can be told while it waits; a main thread that runs alone can be no other.
  const isAlone = isolates.length === 1 && workers.length === 0
  const nameOf = (index: number): string => {
    const { thread = 'unknown', number = 0 } = isolates[index] ?? {}
    if (thread === 'main' || (isAlone && thread === 'unknown')) return 'main'
    // One that started or ended meanwhile would shift the names.
    const name = ofWorkers === workers.length ? workers[number - 1] : undefined
    return name ?? `unknown thread ${number}`
  }
  const sure = groups.filter((group) => isSure(group, isEachGlanced))
  return sure.map(({ kind, state, isolate, count, stack, elided }) => {
    return { kind, state, thread: nameOf(isolate), count, stack: stack.map(frame), elided }
  })
}

/**
 * Of what readings saw while the target worked, a caller may be shown at a line that it came to after it had
 * called what is shown below it. What was looked at by itself is of one moment.
 */
function isSure({ minCount, glanced }: CensusGroup, isEachGlanced: boolean): boolean {
  return glanced > 0 || (minCount > 0 && !isEachGlanced)
}

function frame({
  function: name,
  url,
  line,
  column,
  isAsync,
}: CensusGroup['stack'][number]): Frame {
  return { function: name, url, line, column, ...(isAsync ? { isAsync } : {}) }
}

export function workerNote({ bytesRead, durationMs }: Census): string {
  const [megabytes, ms] = [bytesRead / 2 ** 20, durationMs].map(Math.round)
  return `its memory was read by a worker thread in it (worker=1): ${megabytes} MB in ${ms} ms`
}

/** What a reader has to know to trust the counts, one sentence each. */
export function censusNotes({
  groups,
  glances,
  isEachGlanced,
  torn,
  cycles,
  stoppedMs,
}: Census): readonly string[] {
  const notes: string[] = []
  const changed = groups.filter(({ count, minCount }) => minCount > 0 && count !== minCount)
  if (changed.length > 0) {
    const difference = sumOf(changed, ({ count, minCount }) => count - minCount)
    notes.push(
      `the memory was read twice and the target worked meanwhile: ${changed.length} stacks differ, by ${difference} in all; the larger counts are shown`,
    )
  }
  const alone = groups.filter(({ minCount, glanced }) => minCount === 0 && glanced > 0)
  if (alone.length > 0) {
    const functions = sumOf(alone, ({ count }) => count)
    const extent = glances === 'part' ? 'until the target collected garbage, so there are more' : ''
    notes.push(
      `the target worked while it was read: ${functions} suspended functions in ${alone.length} stacks were looked at one by one${extent && `, ${extent}`}; each stack is of one moment, their number of some 10 ms`,
    )
  }
  const unsure = groups.filter((group) => !isSure(group, isEachGlanced))
  if (unsure.length > 0) {
    const functions = sumOf(unsure, ({ count }) => count)
    notes.push(
      `${functions} suspended functions in ${unsure.length} stacks are left out: the target worked meanwhile, and they were gone or changed when they were looked at again; goroutine.stop counts them`,
    )
  }
  if (torn > 0) {
    notes.push(`${torn} suspended functions are missing: the target was changing them`)
  }
  if (cycles > 0) {
    notes.push(
      `functions that await each other in a circle, and so never end: ${cycles} such circles`,
    )
  }
  if (stoppedMs > 0) notes.push(`the target was stopped for ${Math.round(stoppedMs)} ms`)
  return notes
}

function sumOf(groups: readonly CensusGroup[], count: (group: CensusGroup) => number): number {
  return groups.reduce((sum, group) => sum + count(group), 0)
}
