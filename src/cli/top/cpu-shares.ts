/** What the threads of a process used between two readings of the kernel's clocks. */
import type { CpuShares } from './top-snapshot.ts'

export interface ThreadReading {
  readonly tid: number
  readonly innermostTid: number
  readonly startTimeTicks: number
  readonly role: string
  /** Such as `(V8 worker threads)`. */
  readonly roleName: string
  readonly time: {
    readonly atUs: number
    readonly usedUs: number
    readonly queuedUs: number | undefined
  }
}

/** `names`: of threads with JavaScript, by their innermost kernel id. Undefined without a first reading. */
export function cpuShares(
  before: readonly ThreadReading[],
  now: readonly ThreadReading[],
  names: ReadonlyMap<number, string>,
): CpuShares | undefined {
  const elapsedUs = (now[0]?.time.atUs ?? 0) - (before[0]?.time.atUs ?? 0)
  if (before.length === 0 || elapsedUs <= 0) return undefined
  const keyOf = ({ tid, startTimeTicks }: ThreadReading) => `${tid} ${startTimeTicks}`
  const usedBefore = new Map(before.map((thread) => [keyOf(thread), thread.time.usedUs]))
  const shares = new Map<string, number>()
  for (const thread of now) {
    const usedUs = thread.time.usedUs - (usedBefore.get(keyOf(thread)) ?? 0)
    const own = thread.role === 'main' ? 'main' : names.get(thread.innermostTid)
    const name = own ?? thread.roleName.replace(/^\((.*)\)$/, '$1')
    shares.set(name, (shares.get(name) ?? 0) + Math.max(0, usedUs) / elapsedUs)
  }
  const threads = Array.from(shares, ([name, share]) => ({ name, share }))
  const queuedUs = (now[0]?.time.queuedUs ?? 0) - (before[0]?.time.queuedUs ?? 0)
  return {
    mainQueued: Math.max(0, queuedUs) / elapsedUs,
    process: threads.reduce((sum, { share }) => sum + share, 0),
    threads: threads.sort((a, b) => b.share - a.share),
  }
}
