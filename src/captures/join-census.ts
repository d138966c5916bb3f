/**
 * Joins the suspended functions of a census with the operations that they wait for. An operation whose
 * awaiters are the nearest frames of one group explains as many of its functions as it stands for;
 * what no operation explains stays an entry of its own.
 */

import type { SuspendedGroup } from './goroutine-census.ts'
import type { Entry, Frame } from './goroutine-entry.ts'

type Work = Omit<Entry, 'id'>

interface Open {
  readonly group: SuspendedGroup
  remaining: number
}

export function joinCensus(
  work: readonly Work[],
  groups: readonly SuspendedGroup[],
): readonly Work[] {
  const open = groups.map((group): Open => ({ group, remaining: group.count }))
  const byNearest = new Map<string, Open[]>()
  for (const one of open) {
    const key = nearestKey(one.group.thread, one.group.stack)
    const known = byNearest.get(key)
    if (known === undefined) byNearest.set(key, [one])
    else known.push(one)
  }
  const joined = work.map((entry) => explained(entry, byNearest))
  return [...joined, ...open.filter(({ remaining }) => remaining > 0).map(unexplained)]
}

function explained(entry: Work, byNearest: ReadonlyMap<string, readonly Open[]>): Work {
  const begin = entry.stack.findIndex(({ isAsync }) => isAsync === true)
  // What runs is not suspended; its async frames are the functions that it will go back to.
  if (begin < 0 || entry.kind === 'running') return entry
  const chain = entry.stack.slice(begin)
  const found = (byNearest.get(nearestKey(entry.thread, chain)) ?? []).filter(
    ({ group, remaining }) => remaining > 0 && beginsWith(group.stack, chain),
  )
  const [one] = found
  // Of several it is not known which; what several await together is told by the census alone.
  if (one === undefined || found.length > 1) return entry
  one.remaining -= Math.min(one.remaining, entry.count)
  const { stack, elided } = one.group
  return {
    ...entry,
    stack: [...entry.stack.slice(0, begin), ...chain, ...stack.slice(chain.length)],
    ...(elided ? { elided } : {}),
  }
}

function unexplained({ group, remaining }: Open): Work {
  const { kind, state, thread, stack, elided, waitsFor } = group
  return {
    kind,
    state,
    thread,
    count: remaining,
    stack,
    ...(elided ? { elided } : {}),
    ...(waitsFor === undefined ? {} : { waitsFor }),
  }
}

function nearestKey(thread: string, [nearest]: readonly Frame[]): string {
  return `${thread} ${nearest === undefined ? '' : placeOf(nearest)}`
}

function beginsWith(stack: readonly Frame[], chain: readonly Frame[]): boolean {
  return chain.length <= stack.length && chain.every((frame, index) => isSame(frame, stack[index]))
}

function isSame(frame: Frame, other: Frame | undefined): boolean {
  return other !== undefined && placeOf(frame) === placeOf(other)
}

/**
 * Where a function waits. The census reads no lines of Node's own code, and tells a range of indexes of
 * a combinator where the probe tells one.
 */
function placeOf({ function: name, url, line, column }: Frame): string {
  if (url === '') return name.replace(/ \(index .*$/, '')
  if (url.startsWith('node:')) return `${url} ${name.slice(name.lastIndexOf('.') + 1)}`
  return `${url}:${line}:${column}`
}
