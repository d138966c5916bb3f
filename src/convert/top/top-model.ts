/** What `pprofd top` shows: windows of threads in, rows of a table out. */
import type { CpuRecording } from '../cpu-recording.ts'
import type { FindSources } from '../source-lookup.ts'
import { type FunctionTime, type WindowTotals, windowTotals } from './window-totals.ts'

export const topColumns = ['ownShare', 'totalShare', 'ownUs', 'totalUs'] as const

export type TopColumn = (typeof topColumns)[number]

export interface TopRow extends Readonly<Record<TopColumn, number>> {
  readonly name: string
  /** Path or URL; empty for native code. */
  readonly file: string
  /** Where the function starts, 1-based; 0 for native code. */
  readonly line: number
}

/** How one thread did in its last window. */
export type ThreadWindowFacts = Omit<WindowTotals, 'functions'>

/** A target that makes up new functions for ever must not fill pprofd's memory: the smallest are dropped. */
const maxFunctions = 5000
const keptFunctions = 4000

interface Sums {
  readonly name: string
  readonly file: string
  readonly line: number
  ownUs: number
  totalUs: number
}

interface Watched {
  readonly sums: Map<string, Sums>
  last: WindowTotals | undefined
}

export class TopModel {
  readonly #findSources: FindSources | undefined
  readonly #threads = new Map<string, Watched>()

  /** Without `findSources` functions are V8's. */
  constructor(findSources?: FindSources | undefined) {
    this.#findSources = findSources
  }

  get threads(): readonly string[] {
    return [...this.#threads.keys()]
  }

  addThread(thread: string): void {
    if (!this.#threads.has(thread)) this.#threads.set(thread, { sums: new Map(), last: undefined })
  }

  /** What it has used stays in the sums of all threads for no longer than it lives. */
  removeThread(thread: string): void {
    this.#threads.delete(thread)
  }

  /** Forgets what was summed up; the last windows stay. */
  reset(): void {
    for (const { sums } of this.#threads.values()) sums.clear()
  }

  /** `recording`: one window of one thread. */
  async add(recording: CpuRecording): Promise<ThreadWindowFacts> {
    const thread = recording.threads[0]?.thread ?? ''
    this.addThread(thread)
    const carriedUs = this.#threads.get(thread)?.last?.openStretchUs ?? 0
    const totals = await windowTotals(recording, carriedUs, this.#findSources)
    // It may have ended meanwhile.
    const watched = this.#threads.get(thread)
    if (watched) {
      watched.last = totals
      for (const one of totals.functions) addTo(watched.sums, one)
      dropSmallest(watched.sums)
    }
    return totals
  }

  factsOf(thread: string): ThreadWindowFacts | undefined {
    return this.#threads.get(thread)?.last
  }

  /** The largest first; shares are of one thread's time, so that all threads together can exceed 1. */
  rows(thread: string | undefined, by: TopColumn): readonly TopRow[] {
    const rows = new Map<string, { -readonly [Key in keyof TopRow]: TopRow[Key] }>()
    const rowOf = (key: string, { name, file, line }: Pick<TopRow, 'name' | 'file' | 'line'>) => {
      const row = rows.get(key) ?? {
        name,
        file,
        line,
        ownShare: 0,
        totalShare: 0,
        ownUs: 0,
        totalUs: 0,
      }
      rows.set(key, row)
      return row
    }
    for (const [name, { sums, last }] of this.#threads) {
      if (thread !== undefined && name !== thread) continue
      for (const [key, sum] of sums) {
        const row = rowOf(key, sum)
        row.ownUs += sum.ownUs
        row.totalUs += sum.totalUs
      }
      for (const { frame, selfUs, totalUs } of last?.functions ?? []) {
        const row = rowOf(keyOf(frame), frame)
        row.ownShare += selfUs / (last?.durationUs || 1)
        row.totalShare += totalUs / (last?.durationUs || 1)
      }
    }
    return [...rows.values()].sort(
      (a, b) => b[by] - a[by] || b.ownUs - a.ownUs || b.totalUs - a.totalUs,
    )
  }
}

function keyOf({ name, file, line }: Pick<TopRow, 'name' | 'file' | 'line'>): string {
  return `${name}\0${file}\0${line}`
}

function addTo(sums: Map<string, Sums>, { frame, selfUs, totalUs }: FunctionTime): void {
  const { name, file, line } = frame
  const key = keyOf(frame)
  const sum = sums.get(key) ?? { name, file, line, ownUs: 0, totalUs: 0 }
  sum.ownUs += selfUs
  sum.totalUs += totalUs
  sums.set(key, sum)
}

function dropSmallest(sums: Map<string, Sums>): void {
  if (sums.size <= maxFunctions) return
  const bySize = [...sums].sort(([, a], [, b]) => b.totalUs - a.totalUs)
  for (const [key] of bySize.slice(keptFunctions)) sums.delete(key)
}
