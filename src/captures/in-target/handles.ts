/** Runs in the target, see target-source.ts: what is open and may bring news: sockets, servers, children, watchers. */
import { type Collector, listener, type RawEntry } from './collector.ts'
import { clientRequest, serverRequest } from './http-requests.ts'
import { asyncIdOf, className, own, ownSymbol, shortText } from './own.ts'

export function listHandles(collector: Collector): void {
  const list = own(process, '_getActiveHandles')
  if (typeof list !== 'function') throw new Error('process._getActiveHandles is missing')
  const all: readonly unknown[] = list.call(process)
  const counts = new Map<string, { shown: number; total: number }>()
  for (const handle of all) {
    const name = className(handle)
    const count = counts.get(name) ?? { shown: 0, total: 0 }
    counts.set(name, count)
    count.total++
    if (collector.isFull()) continue
    count.shown++
    const asyncId = collector.limits.separateTimers ? asyncIdOf(handle) : undefined
    collector.add({ ...handleEntry(collector, name, handle), asyncId })
  }
  for (const [name, { shown, total }] of counts) collector.cut(name, shown, total)
}

export function handleEntry(collector: Collector, name: string, handle: unknown): RawEntry {
  if (own(handle, 'spawnfile') !== undefined) return childProcess(collector, handle)
  if (own(handle, '_connections') !== undefined) return server(collector, handle)
  if (own(handle, '_writableState') !== undefined) return socket(collector, handle)
  const listen = (...names: readonly string[]) => listener(collector, handle, names)
  if (ownSymbol(handle, 'state symbol') !== undefined) {
    const local = address(own(ownSymbol(handle, 'state symbol'), 'handle'), 'getsockname')
    const waitsFor = `udp ${local ?? 'unbound'}`
    return { kind: 'socket', state: 'bound', count: 1, waitsFor, ...listen('message') }
  }
  if (name === 'MessagePort') {
    return { kind: 'message-port', state: 'open', count: 1, ...listen('message') }
  }
  if (/Watcher$|^FSEvent/.test(name)) {
    return { kind: 'watcher', state: 'watching', count: 1, waitsFor: name, ...listen('change') }
  }
  return { kind: 'native', state: 'open', count: 1, waitsFor: name }
}

export function childProcess(collector: Collector, handle: unknown): RawEntry {
  const command = own(handle, 'spawnargs')
  const words = Array.isArray(command) ? command.slice(0, 20).map((each) => shortText(each)) : []
  const waitsFor = `pid ${Number(own(handle, 'pid'))}: ${words.join(' ').slice(0, 200)}`
  const meaning = listener(collector, handle, ['exit', 'close'])
  return { kind: 'child-process', state: 'running', count: 1, waitsFor, ...meaning }
}

export function server(collector: Collector, handle: unknown): RawEntry {
  const pipe = own(handle, '_pipeName')
  const local = address(own(handle, '_handle'), 'getsockname')
  const meaning = listener(collector, handle, ['request', 'connection', 'secureConnection'])
  const connections = Number(own(handle, '_connections'))
  const waitsFor = `${local ?? (shortText(pipe) || 'unknown address')}, ${connections} connections`
  return { kind: 'server', state: 'listening', count: 1, waitsFor, ...meaning }
}

export function socket(collector: Collector, handle: unknown): RawEntry {
  const message = own(handle, '_httpMessage')
  const owner = own(handle, 'server')
  if (typeof message === 'object' && message !== null) {
    return own(message, 'req') === undefined
      ? clientRequest(collector, handle, message)
      : serverRequest(collector, message, owner)
  }
  // lib/net.js keeps it under a symbol of its own.
  const native = ownSymbol(handle, 'kHandle') ?? own(handle, '_handle')
  const remote = address(native, 'getpeername')
  const names = ['data', 'readable', 'message', 'connect', 'close']
  const meaning = listener(collector, handle, names)
  const isHttp = message === null || (own(handle, 'parser') ?? null) !== null
  const idle = isHttp ? 'idle-keepalive' : 'open'
  const state = own(handle, 'connecting') === true ? 'connecting' : idle
  const pending = Number(own(own(handle, '_writableState'), 'length')) || 0
  const waitsFor = [
    remote === undefined ? describe(native, handle) : `peer ${remote}`,
    ...(pending > 0 ? [`${pending} bytes to write`] : []),
  ].join(', ')
  return { kind: 'socket', state, count: 1, waitsFor, ...meaning }
}

/** `127.0.0.1:80`, asked of the kernel by Node's own wrapper; undefined where there is none. */
export function address(
  native: unknown,
  method: 'getsockname' | 'getpeername',
): string | undefined {
  if (typeof native !== 'object' || native === null) return undefined
  const ask: unknown = Reflect.get(native, method)
  const answer: { address?: unknown; port?: unknown } = {}
  if (typeof ask !== 'function' || ask.call(native, answer) !== 0) return undefined
  return answer.address === undefined ? undefined : `${answer.address}:${answer.port}`
}

export function describe(native: unknown, handle: unknown): string {
  const fd: unknown = typeof native === 'object' && native !== null ? Reflect.get(native, 'fd') : -1
  const host = shortText(own(handle, '_host'))
  const kind = className(native).toLowerCase()
  return [kind, Number(fd) >= 0 ? `fd ${fd}` : '', host].filter(Boolean).join(' ')
}
