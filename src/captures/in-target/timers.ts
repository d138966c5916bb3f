/** Runs in the target, see target-source.ts: timers and immediates out of Node's own lists (lib/internal/timers.js). */
import type { Collector, Internals } from './collector.ts'
import { asyncIdOf, isResolveFunction, own } from './own.ts'

export interface Group {
  count: number
  readonly callback: { readonly name: string; readonly samples: number[] } | undefined
  waitMs: [number, number]
  dueMs: [number, number]
  readonly repeats: boolean
}

/** Timers whose callbacks have the same text are one entry. Up to three tell whether they are one function. */
export function listTimers(
  collector: Collector,
  { internalBinding, timerListMap }: Internals,
): void {
  const binding = internalBinding?.('timers')
  const now = own(binding, 'getLibuvNow')
  if (timerListMap === undefined || typeof now !== 'function') return
  const nowMs: number = now()
  const groups = new Map<string, Group>()
  const isSeparate = collector.limits.separateTimers === true
  let seen = 0
  let isCut = false
  for (const key of Object.keys(timerListMap)) {
    const list = timerListMap[key]
    for (let timer = own(list, '_idleNext'); timer !== list; timer = own(timer, '_idleNext')) {
      if (timer === undefined || timer === null) break
      isCut = seen % 16 === 15 && (isSeparate ? collector.isFull() : collector.isLate())
      if (isCut) break
      seen++
      addTimer(collector, groups, timer, nowMs)
    }
    if (isCut) break
  }
  for (const { count, callback, waitMs, dueMs, repeats } of groups.values()) {
    const state = repeats ? 'repeating' : 'waiting'
    collector.add({ kind: 'timer', state, count, function: callback, waitMs, dueMs })
  }
  // Node counts those that keep the process alive.
  const counted = own(own(binding, 'timeoutInfo'), 0)
  if (isCut) collector.cut('timers', seen, Math.max(seen + 1, Number(counted) || 0))
}

export function addTimer(
  collector: Collector,
  groups: Map<string, Group>,
  timer: unknown,
  nowMs: number,
): void {
  const callback = own(timer, '_onTimeout')
  const delayMs = Number(own(timer, '_idleTimeout'))
  const waitedMs = nowMs - Number(own(timer, '_idleStart'))
  const leftMs = delayMs - waitedMs
  const repeats = typeof own(timer, '_repeat') === 'number'
  const isProxy = collector.isProxy(callback)
  const isResolver = !isProxy && isResolveFunction(callback)
  const isSeparate = collector.limits.separateTimers === true
  const meaning = isResolver || isSeparate ? collector.callback(callback) : {}
  if (meaning.subject !== undefined || isSeparate) {
    const state = repeats ? 'repeating' : 'waiting'
    const waitMs = [waitedMs, waitedMs] as const
    const facts = { kind: 'timer', state, count: 1, waitMs, dueMs: [leftMs, leftMs] } as const
    collector.add({ ...facts, ...meaning, asyncId: asyncIdOf(timer) })
    return
  }
  const isText = typeof callback === 'function' && !isProxy && !isResolver
  const key = `${repeats}${isText ? Function.prototype.toString.call(callback) : ''}`
  const group = groups.get(key)
  const found = isText && (group?.callback?.samples.length ?? 0) < 3
  const known = found ? collector.callback(callback).function : undefined
  if (group === undefined) {
    const first = known && { name: known.name, samples: [...known.samples] }
    const range = [waitedMs, waitedMs] as [number, number]
    groups.set(key, { count: 1, callback: first, waitMs: range, dueMs: [leftMs, leftMs], repeats })
    return
  }
  group.count++
  group.waitMs = [Math.min(group.waitMs[0], waitedMs), Math.max(group.waitMs[1], waitedMs)]
  group.dueMs = [Math.min(group.dueMs[0], leftMs), Math.max(group.dueMs[1], leftMs)]
  for (const index of known?.samples ?? []) {
    if (!group.callback?.samples.includes(index)) group.callback?.samples.push(index)
  }
}

export function listImmediates(
  collector: Collector,
  { internalBinding, immediateQueue }: Internals,
): void {
  let seen = 0
  let isCut = false
  for (let at = own(immediateQueue, 'head'); at; at = own(at, '_idleNext')) {
    isCut = collector.isFull()
    if (isCut) break
    seen++
    const meaning = collector.callback(own(at, '_onImmediate'))
    collector.add({ kind: 'immediate', state: 'queued', count: 1, ...meaning })
  }
  const counted = own(own(internalBinding?.('timers'), 'immediateInfo'), 0)
  if (isCut) collector.cut('immediates', seen, Math.max(seen + 1, Number(counted) || 0))
}
