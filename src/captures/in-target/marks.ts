/**
 * Runs in the target, see target-source.ts: who awaits each of very many promises. Those with the same
 * answer are kept in one list, so that a heap snapshot tells which promise got which.
 */
import { clockMs } from './clock-ms.ts'
import { own } from './own.ts'
import { probe } from './probe.ts'
import type { RawFrame } from './stack-frames.ts'

/** An object of our session, which lives until the snapshot is taken. */
export interface Marks {
  promises?: readonly unknown[]
  next?: number
  /** The number of a list by its answer. */
  numbers?: Map<string, number>
  /** Found in the snapshot by this name. */
  pprofdMarks?: unknown[][]
}

/** Takes the list that Runtime.queryObjects gave; answers how many there are. */
export function startMarks(marks: Marks, list: readonly unknown[]): string {
  marks.promises = list
  marks.next = 0
  marks.numbers = new Map()
  marks.pprofdMarks = []
  return String(list.length)
}

/** Where the event loop is blocked, it is itself suspended in the snapshot, which knows it by its name. */
export async function pprofdMarkSlice(
  marks: Marks,
  internalBinding: ((name: string) => unknown) | undefined,
  sliceMs: number,
  maxAnswers: number,
): Promise<string> {
  const startedMs = clockMs()
  const { promises = [], next = 0, numbers = new Map<string, number>(), pprofdMarks = [] } = marks
  const isPromise = own(internalBinding?.('types'), 'isPromise') as (value: unknown) => boolean
  // Others inherit from Promise.prototype only. A slice has time for about 400.
  const batch = promises.slice(next, next + 1000).map((one) => (isPromise(one) ? one : undefined))
  let at = 0
  const asked = await probe(batch, 1, sliceMs, ([frame]: readonly RawFrame[]) => {
    const promise = batch[at++]
    if (frame === undefined) return
    const key = JSON.stringify(frame)
    const number = numbers.get(key) ?? numbers.size
    if (number >= maxAnswers) return
    numbers.set(key, number)
    const list = pprofdMarks[number] ?? []
    pprofdMarks[number] = list
    list.push(promise)
  })
  marks.next = next + asked
  return JSON.stringify({ next: marks.next, costMs: clockMs() - startedMs })
}

/** The answers in the order of the lists; the list of all promises is not needed any more. */
export function endMarks(marks: Marks): string {
  const { numbers } = marks
  marks.promises = []
  marks.numbers = new Map()
  return `[${[...(numbers ?? new Map<string, number>()).keys()].join(',')}]`
}
