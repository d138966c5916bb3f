/** Runs in the target, see target-source.ts: who awaits each of very many promises, counted by stack. */
import { clockMs } from './clock-ms.ts'
import { own } from './own.ts'
import { probe } from './probe.ts'
import type { RawFrame } from './stack-frames.ts'

/** An object of our session, which lives from slice to slice. */
export interface Tally {
  promises?: readonly unknown[]
  next?: number
  counts?: Map<string, number>
}

/** Takes the list that Runtime.queryObjects gave; answers how many there are. */
export function startTally(tally: Tally, list: readonly unknown[]): string {
  tally.promises = list
  tally.next = 0
  tally.counts = new Map()
  return String(list.length)
}

export async function tallySlice(
  tally: Tally,
  internalBinding: ((name: string) => unknown) | undefined,
  maxFrames: number,
  sliceMs: number,
  maxStacks: number,
): Promise<string> {
  const startedMs = clockMs()
  const { promises = [], next = 0, counts = new Map<string, number>() } = tally
  const isPromise = own(internalBinding?.('types'), 'isPromise') as (value: unknown) => boolean
  // Others inherit from Promise.prototype only. A slice has time for about 400.
  const batch = promises.slice(next, next + 1000).map((one) => (isPromise(one) ? one : undefined))
  const asked = await probe(batch, maxFrames, sliceMs, (chain: readonly RawFrame[]) => {
    const key = JSON.stringify(chain)
    const count = counts.get(key) ?? 0
    if (count > 0 || counts.size < maxStacks) counts.set(key, count + 1)
  })
  tally.next = next + asked
  return JSON.stringify({ next: tally.next, costMs: clockMs() - startedMs })
}

export function endTally({ counts }: Tally): string {
  return `[${[...(counts ?? [])].map(([key, count]) => `[${count},${key}]`).join(',')}]`
}
