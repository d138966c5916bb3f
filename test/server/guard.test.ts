import t from 'tap'
import { judgeRequest, type RequestHead } from '../../src/server/guard.ts'

interface Asked {
  readonly method?: string
  readonly url?: string
  /** Name, value, name, value. */
  readonly headers?: readonly string[]
}

const host = ['Host', 'localhost:8081']
const profile = '/debug/pprof/profile'
const crossSiteNavigation = [
  ...host,
  'Sec-Fetch-Site',
  'cross-site',
  'Sec-Fetch-Mode',
  'navigate',
  'Sec-Fetch-Dest',
  'document',
]

const served: Readonly<Record<string, Asked>> = {
  'curl and go': { headers: host },
  'the other end of a tunnel': { headers: ['host', '127.0.0.1:39999'] },
  'no port': { headers: ['Host', 'localhost'] },
  'IPv6 loopback': { headers: ['Host', '[::1]:8081'] },
  'capital letters': { headers: ['HOST', 'LocalHost:1'] },
  'an origin that is ours': { headers: [...host, 'Origin', 'http://localhost:8081'] },
  'a typed URL': { headers: [...host, 'Sec-Fetch-Site', 'none'] },
  'a link of our own page': { headers: [...host, 'Sec-Fetch-Site', 'same-origin'] },
  'a link elsewhere to the landing page': { url: '/', headers: crossSiteNavigation },
  'a link elsewhere to an index': { url: '/debug/pprof/?x', headers: crossSiteNavigation },
  "a link elsewhere to a target's index": {
    url: '/targets/7/debug/pprof/',
    headers: crossSiteNavigation,
  },
  'a prefetch of an index': { url: '/debug/pprof/', headers: [...host, 'Sec-Purpose', 'prefetch'] },
  'addresses by POST': { method: 'POST', url: '/debug/pprof/symbol', headers: host },
  'the end of a capture': { method: 'DELETE', url: '/captures/YpOuJKpTxKr9nm_d', headers: host },
  "addresses by POST below a target's prefix": {
    method: 'POST',
    url: '/targets/a%20b/debug/pprof/symbol?x',
    headers: host,
  },
}

t.test('the guard lets pass', (t) => {
  for (const [name, asked] of Object.entries(served)) t.equal(judge(asked), undefined, name)
  t.end()
})

const refused: Readonly<Record<string, readonly [status: number, says: RegExp, asked: Asked]>> = {
  'no Host': [400, /exactly one Host header is needed, this request has 0/, { headers: [] }],
  'two Hosts': [400, /this request has 2/, { headers: [...host, 'host', 'localhost:8081'] }],
  'a rebound name': [403, /must be localhost/, { headers: ['Host', 'evil.example:8081'] }],
  'a name that begins like ours': [403, /must be/, { headers: ['Host', 'localhost.evil.example'] }],
  'another loopback address': [403, /must be/, { headers: ['Host', '127.0.0.2:8081'] }],
  'a number that means 127.0.0.1': [403, /must be/, { headers: ['Host', '2130706433:8081'] }],
  'a short 127.0.0.1': [403, /must be/, { headers: ['Host', '127.1:8081'] }],
  'an octal 127.0.0.1': [403, /must be/, { headers: ['Host', '0177.0.0.1'] }],
  'user info in Host': [403, /must be/, { headers: ['Host', 'a@localhost:8081'] }],
  'a trailing dot': [403, /must be/, { headers: ['Host', 'localhost.:8081'] }],
  'an empty port': [403, /must be/, { headers: ['Host', 'localhost:'] }],
  'an empty Host': [403, /must be/, { headers: ['Host', ''] }],
  'a line after the host': [403, /must be/, { headers: ['Host', 'localhost\n'] }],
  'a whole URL': [400, /pprofd is no proxy/, { url: 'http://localhost:8081/', headers: host }],
  'a star': [400, /must name a path/, { method: 'OPTIONS', url: '*', headers: host }],
  'another origin': [403, /other origins/, { headers: [...host, 'Origin', 'http://a.example'] }],
  'an opaque origin': [403, /other origins/, { headers: [...host, 'Origin', 'null'] }],
  'the same host with TLS': [
    403,
    /other origins/,
    { headers: [...host, 'Origin', 'https://localhost:8081'] },
  ],
  'another port of this machine': [
    403,
    /other origins/,
    { headers: [...host, 'Origin', 'http://localhost:3000'] },
  ],
  'a DELETE of another origin': [
    403,
    /other origins/,
    { method: 'DELETE', url: '/captures/x', headers: [...host, 'Origin', 'http://a.example'] },
  ],
  'a DELETE of another site': [
    403,
    /other sites/,
    { method: 'DELETE', url: '/captures/x', headers: [...host, 'Sec-Fetch-Site', 'same-site'] },
  ],
  'a DELETE of all captures': [
    405,
    /the method DELETE is not served here, only GET$/,
    { method: 'DELETE', url: '/captures', headers: host },
  ],
  'a DELETE of something below a capture': [
    405,
    /only GET$/,
    { method: 'DELETE', url: '/captures/x/y', headers: host },
  ],
  'two origins': [
    403,
    /other origins/,
    { headers: [...host, 'Origin', 'http://localhost:8081', 'Origin', 'http://a.example'] },
  ],
  'an image on another site': [
    403,
    /may only link/,
    { url: profile, headers: [...host, 'Sec-Fetch-Site', 'cross-site'] },
  ],
  'a page on another port': [
    403,
    /may only/,
    { headers: [...host, 'Sec-Fetch-Site', 'same-site'] },
  ],
  'an unknown site word': [403, /may only link/, { headers: [...host, 'Sec-Fetch-Site', ''] }],
  'a link elsewhere to a capture': [
    403,
    /may only/,
    { url: profile, headers: crossSiteNavigation },
  ],
  'a frame elsewhere': [
    403,
    /may only link/,
    { url: '/', headers: [...crossSiteNavigation.slice(0, -1), 'iframe'] },
  ],
  'a prefetch of a capture': [
    403,
    /no prefetch/,
    { url: profile, headers: [...host, 'Sec-Purpose', 'prefetch;prerender'] },
  ],
  'an older prefetch of a capture': [
    403,
    /no prefetch/,
    { url: profile, headers: [...host, 'Purpose', 'prefetch'] },
  ],
}

t.test('the guard refuses', (t) => {
  for (const [name, [status, says, asked]] of Object.entries(refused)) {
    const refusal = judge(asked)
    t.equal(refusal?.status, status, name)
    t.match(refusal?.reason, says, name)
  }
  t.end()
})

t.test('a method that a path does not have is 405 and names those that it has', (t) => {
  for (const method of ['HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH', 'POST', 'PROPFIND', 'get']) {
    const refusal = judge({ method, url: profile, headers: host })
    t.match(refusal, { status: 405, allow: 'GET' }, method)
  }
  for (const method of ['HEAD', 'OPTIONS', 'PUT']) {
    const refusal = judge({ method, url: '/targets/7/debug/pprof/symbol', headers: host })
    t.match(refusal, { status: 405, allow: 'GET, POST' }, method)
  }
  t.end()
})

function judge({ method = 'GET', url = profile, headers = [] }: Asked) {
  return judgeRequest(head(method, url, headers))
}

/** As node:http fills it: the first of several Hosts, the others joined. */
function head(method: string, url: string, rawHeaders: readonly string[]): RequestHead {
  const headers: Record<string, string> = {}
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase()
    const value = rawHeaders[i + 1] ?? ''
    const before = headers[name]
    if (before === undefined) headers[name] = value
    else if (name !== 'host') headers[name] = `${before}, ${value}`
  }
  return { method, url, headers, rawHeaders: [...rawHeaders], httpVersion: '1.1' }
}
