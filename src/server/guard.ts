/**
 * Who may ask what: judged on the request's head, before any route runs.
 *
 * Our GETs start profilers, so "GET is safe" does not hold here, and a web page in the browser at
 * the near end of an ssh tunnel reaches this port. DNS rebinding is met by exact Host names (not by
 * "is it an address": parsers of addresses have been fooled), cross-site requests by Origin and
 * https://www.w3.org/TR/fetch-metadata/. There is no CORS: no answer carries Access-Control headers.
 */
import type { IncomingMessage } from 'node:http'

export type RequestHead = Pick<
  IncomingMessage,
  'method' | 'url' | 'headers' | 'rawHeaders' | 'httpVersion'
>

/** Why a request is not served. */
export interface Refusal {
  readonly status: 400 | 403 | 405 | 431 | 505
  /** One sentence for whoever asked. */
  readonly reason: string
  /** Of a 405: the methods that the path has. */
  readonly allow?: string
}

/** The names of this machine's loopback; a tunnel changes the port, so any port passes. */
const ownHost = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i

/** Pages that start nothing, so a link on another site may lead to them. */
const staticPage = /^\/(?:(?:targets\/[^/]+\/)?debug\/pprof\/?)?$/

/** panicparse's words for its 405. */
const panicparsePath = /^\/(?:targets\/[^/]+\/)?debug\/panicparse$/

const capturePath = /^\/captures\/[^/]+$/

/** Where the landing page starts captures: nothing that only follows links gets there. */
const pageCapturePath = '/ui/captures'

const symbolPath = /^\/(?:targets\/[^/]+\/)?debug\/pprof\/symbol$/

export function judgeRequest(request: RequestHead): Refusal | undefined {
  const path = pathOf(request)
  return (
    judgeSize(request) ??
    judgeHost(request) ??
    judgeVersion(request) ??
    judgeForm(request) ??
    judgeOrigin(request, path) ??
    judgeMethod(request, path)
  )
}

function pathOf({ url = '' }: RequestHead): string {
  const queryAt = url.indexOf('?')
  return queryAt === -1 ? url : url.slice(0, queryAt)
}

/** Browsers send some 20. */
const maxHeaders = 100

function judgeSize({ rawHeaders }: RequestHead): Refusal | undefined {
  const count = rawHeaders.length / 2
  if (count <= maxHeaders) return undefined
  return { status: 431, reason: `the request has ${count} headers, at most ${maxHeaders} are read` }
}

function judgeHost({ headers, rawHeaders }: RequestHead): Refusal | undefined {
  // Node keeps the first of several Host headers in `headers`; a proxy in front might keep the last.
  const count = rawHeaders.filter((text, i) => i % 2 === 0 && text.toLowerCase() === 'host').length
  if (count !== 1) {
    return { status: 400, reason: `exactly one Host header is needed, this request has ${count}` }
  }
  if (ownHost.test(headers.host ?? '')) return undefined
  return {
    status: 403,
    reason:
      'the Host header must be localhost, 127.0.0.1 or [::1], with any port; use one of them in the URL',
  }
}

/** Node's parser also lets HTTP/0.9 and a request line of HTTP/2.0 pass. */
function judgeVersion({ httpVersion }: RequestHead): Refusal | undefined {
  if (httpVersion === '1.1' || httpVersion === '1.0') return undefined
  return { status: 505, reason: `only HTTP/1.1 and 1.0 are spoken here, not ${httpVersion}` }
}

function judgeForm({ url = '' }: RequestHead): Refusal | undefined {
  if (url.startsWith('/')) return undefined
  return {
    status: 400,
    reason: 'the request must name a path, not a whole URL: pprofd is no proxy',
  }
}

function judgeOrigin({ method, headers }: RequestHead, path: string): Refusal | undefined {
  const origin = headers.origin
  if (origin !== undefined && origin.toLowerCase() !== `http://${headers.host}`.toLowerCase()) {
    return { status: 403, reason: 'pages of other origins may not use pprofd' }
  }
  const isPage = method === 'GET' && staticPage.test(path)
  if (isPrefetch(headers) && !isPage) {
    return {
      status: 403,
      reason: 'pprofd answers no prefetch: following the link would start something',
    }
  }
  const site = headers['sec-fetch-site']
  if (site === undefined || site === 'none' || site === 'same-origin') return undefined
  // An iframe navigates too, but its destination is not `document`.
  const isTopNavigation =
    headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
  if (isTopNavigation && isPage) return undefined
  return {
    status: 403,
    reason:
      'other sites may only link to the pages / and /debug/pprof/; open the URL from there or type it',
  }
}

function isPrefetch(headers: RequestHead['headers']): boolean {
  // The first is the standard's; browsers before it had the others.
  return ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'].some((name) =>
    String(headers[name] ?? '')
      .toLowerCase()
      .includes('prefetch'),
  )
}

function judgeMethod({ method = '' }: RequestHead, path: string): Refusal | undefined {
  const allowed = methodsOf(path)
  if (allowed.includes(method)) return undefined
  const allow = allowed.join(', ')
  if (panicparsePath.test(path)) return { status: 405, reason: 'invalid method', allow }
  return { status: 405, reason: `the method ${method} is not served here, only ${allow}`, allow }
}

function methodsOf(path: string): readonly string[] {
  if (symbolPath.test(path)) return ['GET', 'POST']
  if (path === pageCapturePath) return ['POST']
  return capturePath.test(path) ? ['GET', 'DELETE'] : ['GET']
}
