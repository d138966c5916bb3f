// Methods, upgrades, expectations and sizes.
import { capture, get, type HostileRow, host, post, request } from './row.ts'

const notServed = (method: string) =>
  RegExp(`^the method ${method} is not served here, only GET\n$`)
const upgrades = /^pprofd upgrades no connection\n$/
const websocket = [
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==',
]
const untyped = (...lines: readonly string[]) =>
  request('POST /debug/pprof/symbol HTTP/1.1', host, ...lines)

function methodRow(method: string): HostileRow {
  return [method, request(`${method} ${capture} HTTP/1.1`, host), '405 kept', notServed(method)]
}

export const methods: readonly HostileRow[] = [
  ...[
    'POST',
    'PUT',
    'DELETE',
    'PATCH',
    'OPTIONS',
    'TRACE',
    'PROPFIND',
    'SEARCH',
    'PURGE',
    'LINK',
    'M-SEARCH',
    'QUERY',
  ].map(methodRow),
  ['HEAD', request(`HEAD ${capture} HTTP/1.1`, host), '405 kept', /^$/],
  ['a method in lower case', request(`get ${capture} HTTP/1.1`, host), '400 closed'],
  ['a method of nobody', request(`HACK ${capture} HTTP/1.1`, host), '400 closed'],
  ['a method that is long', request(`${'G'.repeat(9000)} / HTTP/1.1`, host), '400 closed'],
  [
    'another method in a header',
    get('/nope', 'X-HTTP-Method-Override: POST', 'X-Method-Override: DELETE'),
    '404 kept',
  ],
  [
    'another method of the landing page',
    request('DELETE / HTTP/1.1', host),
    '405 kept',
    notServed('DELETE'),
  ],
  [
    'PUT to the addresses',
    request('PUT /debug/pprof/symbol HTTP/1.1', host),
    '405 kept',
    /only GET, POST\n$/,
  ],
  [
    'POST of a page of panicparse',
    request('POST /debug/panicparse HTTP/1.1', host),
    '405 kept',
    /^invalid method\n$/,
  ],
  ['a WebSocket', get('/', ...websocket), '400 closed', upgrades],
  ['a WebSocket of a capture', get(capture, ...websocket), '400 closed', upgrades],
  [
    'a WebSocket from another origin',
    get(capture, ...websocket, 'Origin: http://evil.com'),
    '400 closed',
    upgrades,
  ],
  [
    'a WebSocket with a foreign Host',
    request(`GET ${capture} HTTP/1.1`, 'Host: evil.com', ...websocket),
    '400 closed',
    upgrades,
  ],
  [
    'h2c',
    get(
      capture,
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQAAP__',
    ),
    '400 closed',
    upgrades,
  ],
  [
    'an upgrade with a request behind it',
    get('/', ...websocket) + get(capture),
    '400 closed',
    upgrades,
  ],
  ['an expectation of nobody', get(capture, 'Expect: 200-maybe'), '417 closed'],
  [
    'a big body that is announced',
    post('', 'Content-Length: 999999999', 'Expect: 100-continue'),
    '100 413 closed',
  ],
  // Bodies.
  [
    'a body of 65,537 bytes',
    post('1'.repeat(65_537), 'Content-Length: 65537'),
    '413 closed',
    /^the body is too large: at most 65536 bytes/,
  ],
  [
    'chunks of 65,537 bytes',
    post(`10001\r\n${'1'.repeat(65_537)}\r\n0\r\n\r\n`, 'Transfer-Encoding: chunked'),
    '413 closed',
    /^the body is too large/,
  ],
  [
    'chunks without end',
    post('4\r\n0x1+\r\n'.repeat(30_000), 'Transfer-Encoding: chunked'),
    '413 closed',
    /^the body is too large/,
  ],
  [
    'a body of JSON',
    `${untyped('Content-Type: application/json', 'Content-Length: 2')}{}`,
    '415 kept',
    /^the body must be addresses/,
  ],
  [
    'a body of __proto__',
    `${untyped('Content-Type: application/json', 'Content-Length: 21')}{"__proto__":{"x":1}}`,
    '415 kept',
  ],
  [
    'a form with files',
    untyped('Content-Type: multipart/form-data; boundary=x', 'Content-Length: 0'),
    '415 kept',
  ],
  ['plain text', `${untyped('Content-Type: text/plain', 'Content-Length: 3')}0x1`, '415 kept'],
  ['a type that is none', `${untyped('Content-Type: ;;;', 'Content-Length: 3')}0x1`, '415 kept'],
  ['a body without type', `${untyped('Content-Length: 3')}0x1`, '415 kept'],
  [
    'a body with a coding',
    post('\x1f\x8b\x08', 'Content-Encoding: gzip', 'Content-Length: 3'),
    '200 kept',
    /^num_symbols: 1\n$/,
  ],
  [
    'addresses that are none',
    post('0x+-1+0x1G+1e9+NaN+', 'Content-Length: 19'),
    '200 kept',
    /^num_symbols: 1\n$/,
  ],
  [
    'addresses beyond 64 bits',
    post(`0x${'f'.repeat(4000)}`, 'Content-Length: 4002'),
    '200 kept',
    /^num_symbols: 1\n$/,
  ],
  // Sizes.
  [
    'headers of 16 kB',
    get('/', `X: ${'x'.repeat(16_000)}`),
    '431 closed',
    /^the headers are above 8192 bytes\n$/,
  ],
  [
    '10,000 headers',
    get('/', ...Array.from({ length: 10_000 }, (_, i) => `X${i}: ${i}`)),
    '431 closed',
  ],
  ['100 headers', get('/healthz', ...Array.from({ length: 99 }, (_, i) => `X${i}: 1`)), '200 kept'],
  [
    '101 headers',
    get(capture, ...Array.from({ length: 100 }, (_, i) => `X${i}: 1`)),
    '431 kept',
    /^the request has 101 headers, at most 100 are read\n$/,
  ],
  [
    'an Origin behind 4,000 headers',
    get(capture, ...Array.from({ length: 4000 }, () => 'a:'), 'Origin: http://evil.com'),
    '431 kept',
    /^the request has 4002 headers/,
  ],
  ['a URL of 9 kB', get(`/${'x'.repeat(9000)}`), '431 closed'],
  ['a URL of 7 kB', get(`/${'x'.repeat(7000)}`), '404 kept', /^no such page/],
  ['a URL of 3,000 slashes', get('/'.repeat(3000)), '404 kept', /^no such page/],
  ['a query of 1,000 parameters', get(`/nope?${'a=1&'.repeat(1000)}`), '404 kept', /^no such page/],
  [
    'a name of 200 bytes',
    get(`/targets/${'x'.repeat(200)}/debug/pprof/profile`),
    '414 kept',
    /^the name of the target is too long\n$/,
  ],
]
