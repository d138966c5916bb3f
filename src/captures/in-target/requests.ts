/** Runs in the target, see target-source.ts: operations under way in libuv's pool and in the kernel. */
import type { Collector, RawEntry } from './collector.ts'
import { asyncIdOf, className, own, shortText } from './own.ts'

export function listRequests(collector: Collector): void {
  const list = own(process, '_getActiveRequests')
  if (typeof list !== 'function') throw new Error('process._getActiveRequests is missing')
  const all: readonly unknown[] = list.call(process)
  const counts = new Map<string, { shown: number; total: number }>()
  for (const request of all) {
    const name = className(request)
    const count = counts.get(name) ?? { shown: 0, total: 0 }
    counts.set(name, count)
    count.total++
    if (collector.isFull()) continue
    count.shown++
    const asyncId = collector.limits.separateTimers ? asyncIdOf(request) : undefined
    collector.add({ ...requestEntry(collector, name, request), asyncId })
  }
  for (const [name, { shown, total }] of counts) collector.cut(name, shown, total)
}

export function requestEntry(collector: Collector, name: string, request: unknown): RawEntry {
  const context = own(request, 'context')
  // A promise-based request holds the promise, or what resolves it; others a callback, somewhere.
  const found = [
    own(request, 'promise'),
    own(request, 'resolve'),
    own(context, 'callback'),
    own(request, 'callback'),
    own(request, 'oncomplete'),
  ].find((value) => typeof value === 'function' || collector.isPromise(value))
  const text = (key: string) => shortText(own(request, key))
  const base = { count: 1, ...collector.callback(found) }
  if (name.startsWith('FSReq')) {
    const fd = own(context, 'fd')
    const isOpen = typeof fd === 'number' && fd >= 0
    return { ...base, kind: 'fs', state: 'in-progress', waitsFor: isOpen ? `fd ${fd}` : undefined }
  }
  if (name === 'GetAddrInfoReqWrap' || name === 'GetNameInfoReqWrap') {
    return { ...base, kind: 'dns', state: 'in-progress', waitsFor: text('hostname') || undefined }
  }
  const waitsFor = [text('address'), text('port')].filter(Boolean).join(':') || name
  const isSocket = /^(TCPConnect|PipeConnect|Shutdown|Write|Send)/.test(name)
  const state = name.replace(/(Req)?Wrap$/, '')
  return { ...base, kind: isSocket ? 'socket' : 'native', state, waitsFor }
}
