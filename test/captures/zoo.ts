// What the zoos of waits (test/fixtures/targets/zoo-*) expect, held against a recording.
import type { Test } from 'tap'
import type { Entry, Frame, GoroutineRecording } from '../../src/captures/goroutine-entry.ts'
import type { SpawnedTarget } from '../fixtures/support/spawn-target.ts'

export interface Expectation {
  readonly name: string
  readonly kind: string
  readonly stack: readonly { readonly function: string; readonly line: number }[]
  readonly count: number
  readonly seen: 'inventory' | 'census'
}

export function expectationsOf({ ready }: SpawnedTarget): readonly Expectation[] {
  return (ready as unknown as { readonly expected: readonly Expectation[] }).expected
}

/** Every expectation has its entries, with the right functions, lines and count. */
export function assertSeen(
  t: Test,
  { entries }: GoroutineRecording,
  expectations: readonly Expectation[],
): void {
  for (const { name, kind, stack, count } of expectations) {
    const ofKind = entries.filter((entry) => entry.kind === kind)
    const found = ofKind.filter((entry) => holdsInOrder(entry.stack, stack))
    t.equal(countOf(found), count, `${name}: ${JSON.stringify(found.length ? found : ofKind)}`)
  }
}

export function countOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { count }) => sum + count, 0)
}

/** Frames of Node and V8 may come between. */
export function holdsInOrder(frames: readonly Frame[], expected: Expectation['stack']): boolean {
  let next = 0
  for (const frame of frames) {
    const wanted = expected[next]
    if (wanted !== undefined && isSame(frame, wanted)) next++
  }
  return next === expected.length
}

/** Older versions of V8 leave out the class of a static method. */
function isSame(frame: Frame, wanted: Expectation['stack'][number]): boolean {
  const name = wanted.function || '(anonymous)'
  const isNamed = frame.function === name || frame.function.endsWith(`.${name}`)
  return isNamed && frame.line === wanted.line
}
