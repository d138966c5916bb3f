/** Runs in the target, see target-source.ts: HTTP/1 requests under way, served and sent (lib/_http_*.js). */
import { type Collector, listener, type RawEntry } from './collector.ts'
import { own, ownSymbol, shortText } from './own.ts'

/** `response`: a ServerResponse, and whose socket it is going to. */
export function serverRequest(collector: Collector, response: object, server: unknown): RawEntry {
  const request = own(response, 'req')
  const answering = own(response, 'finished') === true ? 'flushing-response' : 'handler-pending'
  const state = own(request, 'complete') === true ? answering : 'reading-body'
  const url = withoutQuery(own(request, 'url'), collector.limits.withQuery)
  const waitsFor = `${shortText(own(request, 'method'))} ${url}`
  const meaning = listener(collector, server, ['request'])
  return { kind: 'http-server-request', state, count: 1, waitsFor, ...meaning }
}

export function clientRequest(collector: Collector, socket: unknown, request: object): RawEntry {
  const isConnecting = own(socket, 'connecting') === true
  const hasResponse = (own(request, 'res') ?? null) !== null
  const waiting = hasResponse ? 'reading-response' : 'waiting-response'
  // Under a symbol since Node 24.
  const path = own(request, 'path') ?? ownSymbol(request, 'kPath')
  const url = withoutQuery(path, collector.limits.withQuery)
  const host = `${shortText(own(request, 'protocol')) || 'http:'}//${hostOf(request)}`
  return {
    kind: 'http-client-request',
    state: isConnecting ? 'connecting' : waiting,
    count: 1,
    waitsFor: `${shortText(own(request, 'method'))} ${host}${url}`,
    ...listener(collector, request, ['response', 'close', 'error']),
  }
}

/** The host header with its port; without one, the name that was connected to. */
export function hostOf(request: object): string {
  const header = /^host: ([^\r\n]*)/im.exec(shortText(own(request, '_header'), 4000))
  return header?.[1] ?? shortText(own(request, 'host'))
}

export function withoutQuery(url: unknown, withQuery: boolean): string {
  const text = shortText(url, 500)
  return withQuery ? text : text.replace(/[?#].*$/s, '')
}
