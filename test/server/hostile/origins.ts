// What web pages of other sites can send, and headers that claim to be somebody.
import { capture, get, type HostileRow, host, post, request } from './row.ts'

const otherOrigin = /^pages of other origins may not use pprofd\n$/
const otherSite = /^other sites may only link to the pages/
const prefetch = /^pprofd answers no prefetch/

const strangers = [
  'null',
  'http://evil.com',
  'https://localhost:8081',
  'http://localhost',
  'http://localhost:3000',
  'http://127.0.0.1:8081',
  'http://user@localhost:8081',
  'http://localhost:8081.evil.com',
  'http://localhost:8081/',
  'http://localhost:8081#',
  'http:localhost:8081',
  '//localhost:8081',
  'localhost:8081',
  'file://',
  'chrome-extension://abcdefgh',
  'http://localhost:8081 http://evil.com',
  '',
]

/** Site, mode, destination. */
const fetches = [
  ['cross-site', 'no-cors', 'image'],
  ['cross-site', 'no-cors', 'script'],
  ['cross-site', 'no-cors', 'style'],
  ['cross-site', 'cors', 'empty'],
  ['cross-site', 'navigate', 'document'],
  ['cross-site', 'navigate', 'iframe'],
  ['cross-site', 'navigate', 'object'],
  ['cross-site', 'websocket', 'websocket'],
  ['same-site', 'no-cors', 'image'],
  ['same-site', 'navigate', 'document'],
  ['Same-Origin', 'cors', 'empty'],
  ['same-origin, cross-site', 'cors', 'empty'],
  ['"same-origin"', 'cors', 'empty'],
  ['', 'navigate', 'document'],
] as const

function fetched(site: string, mode: string, destination: string): readonly string[] {
  return [`Sec-Fetch-Site: ${site}`, `Sec-Fetch-Mode: ${mode}`, `Sec-Fetch-Dest: ${destination}`]
}

const link = fetched('cross-site', 'navigate', 'document')
const ours = 'http://localhost:8081'

export const origins: readonly HostileRow[] = [
  ...strangers.map(
    (origin): HostileRow => [
      `Origin ${JSON.stringify(origin)}`,
      get(capture, `Origin: ${origin}`),
      '403 kept',
      otherOrigin,
    ],
  ),
  ...fetches.map(
    ([site, mode, destination]): HostileRow => [
      `Sec-Fetch: ${site} ${mode} ${destination}`,
      get(capture, ...fetched(site, mode, destination)),
      '403 kept',
      otherSite,
    ],
  ),
  [
    'two Origins',
    get(capture, `Origin: ${ours}`, 'Origin: http://evil.com'),
    '403 kept',
    otherOrigin,
  ],
  [
    'two Origins, ours last',
    get(capture, 'Origin: http://evil.com', `Origin: ${ours}`),
    '403 kept',
    otherOrigin,
  ],
  [
    'two sites',
    get(capture, 'Sec-Fetch-Site: none', 'Sec-Fetch-Site: cross-site'),
    '403 kept',
    otherSite,
  ],
  [
    'our Origin and another site',
    get(capture, `Origin: ${ours}`, ...fetched('cross-site', 'cors', 'empty')),
    '403 kept',
    otherSite,
  ],
  [
    'another Origin and our site',
    get(capture, 'Origin: http://evil.com', ...fetched('same-origin', 'cors', 'empty')),
    '403 kept',
    otherOrigin,
  ],
  ['another Origin and a page', get('/', 'Origin: http://evil.com'), '403 kept', otherOrigin],
  ['a link to the landing page', get('/?x', ...link), '200 kept', /<title>/],
  ['a link to an index', get('/targets/self/debug/pprof/', ...link), '200 kept', /<title>/],
  [
    'a link to a capture behind an index',
    get('/debug/pprof/?/profile', ...link),
    '200 kept',
    /<title>/,
  ],
  ['a link to the targets', get('/targets', ...link), '403 kept', otherSite],
  ['a link to the index, hidden', get('/debug/pprof/%2e', ...link), '403 kept', otherSite],
  ['a link to a name with #', get('/targets/a#/debug/pprof/', ...link), '404 kept'],
  ['a link to a name with %23', get('/targets/a%23/debug/pprof/', ...link), '404 kept'],
  [
    'a form of another site',
    post('', 'Content-Length: 0', 'Origin: http://evil.com', ...link),
    '403 kept',
    otherOrigin,
  ],
  [
    'a form that says no Origin',
    post('', 'Content-Length: 0', 'Origin: null', ...link),
    '403 kept',
    otherOrigin,
  ],
  [
    'a frame of the landing page',
    get('/', ...fetched('cross-site', 'navigate', 'iframe')),
    '403 kept',
    otherSite,
  ],
  ['a prefetch', get(capture, 'Sec-Purpose: prefetch'), '403 kept', prefetch],
  [
    'a prerender',
    get(capture, 'Sec-Purpose: prefetch;prerender', ...fetched('none', 'navigate', 'document')),
    '403 kept',
    prefetch,
  ],
  ['a prefetch of older browsers', get(capture, 'Purpose: prefetch'), '403 kept', prefetch],
  ['a prefetch of Firefox', get(capture, 'X-Moz: prefetch'), '403 kept', prefetch],
  ['a prefetch in capitals', get(capture, 'Sec-Purpose: PREFETCH'), '403 kept', prefetch],
  [
    'a preflight of CORS',
    request(
      `OPTIONS ${capture} HTTP/1.1`,
      host,
      'Origin: http://evil.com',
      'Access-Control-Request-Method: GET',
      'Access-Control-Request-Private-Network: true',
    ),
    '403 kept',
    otherOrigin,
  ],
  [
    'a preflight of CORS of ours',
    request(
      `OPTIONS ${capture} HTTP/1.1`,
      host,
      `Origin: ${ours}`,
      'Access-Control-Request-Method: GET',
    ),
    '405 kept',
  ],
  [
    'a Referer of ours on another site',
    get(capture, `Referer: ${ours}/`, 'Sec-Fetch-Site: cross-site'),
    '403 kept',
    otherSite,
  ],
  ['a Referer with bytes', get('/nope', 'Referer: \xff\xfe'), '404 kept'],
  ['cookies', get('/nope', 'Cookie: a=b; __proto__=c', `Cookie: ${'x'.repeat(5000)}`), '404 kept'],
  [
    'X-Forwarded-*',
    request(
      `GET ${capture} HTTP/1.1`,
      'Host: evil.com',
      'X-Forwarded-For: 127.0.0.1',
      'X-Forwarded-Proto: http',
      'X-Real-IP: 127.0.0.1',
      'Forwarded: for=127.0.0.1',
    ),
    '403 kept',
  ],
  [
    'X-Forwarded-* of others',
    get(
      '/healthz',
      'X-Forwarded-For: 6.6.6.6',
      'X-Forwarded-Host: evil.com',
      'X-Original-URL: /debug/pprof/profile',
      'X-Rewrite-URL: /debug/pprof/profile',
    ),
    '200 kept',
    /^ok\n$/,
  ],
  [
    'Authorization of nothing',
    get('/nope', 'Authorization: Basic \xff', 'Authorization: Bearer'),
    '404 kept',
  ],
]
