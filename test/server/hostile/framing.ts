// Where a request ends: whatever two parsers could read differently (request smuggling), and what is no request.
import { capture, get, type HostileRow, host, post, request } from './row.ts'

const noRequest = /^this is no HTTP request\n$/
const addresses = /^num_symbols: 1\n$/
/** What somebody in front of pprofd would take for a body. */
const smuggled = get(capture)
const te = 'Transfer-Encoding: chunked'
/** Seven bytes of addresses. */
const sevenBytes = '0x1+0x2'

function bare(line: string): string {
  return `GET ${capture} HTTP/1.1\r\n${line}\r\n\r\n`
}

export const framing: readonly HostileRow[] = [
  // Two lengths.
  ['CL.TE', post(`0\r\n\r\n${smuggled}`, 'Content-Length: 5', te), '400 closed', noRequest],
  ['TE.CL', post(`0\r\n\r\n${smuggled}`, te, 'Content-Length: 4'), '400 closed', noRequest],
  [
    'TE with another before chunked',
    post('0\r\n\r\n', 'Transfer-Encoding: gzip, chunked'),
    '200 kept',
  ],
  ['TE twice', post('0\r\n\r\n', te, te), '400 closed'],
  [
    'TE twice, the second unknown',
    post('0\r\n\r\n', te, 'Transfer-Encoding: x'),
    '400 closed',
    noRequest,
  ],
  ['TE twice, the first unknown', post('0\r\n\r\n', 'Transfer-Encoding: x', te), '200 kept'],
  [
    'TE of chunked, identity',
    post('0\r\n\r\n', 'Transfer-Encoding: chunked, identity'),
    '400 closed',
    noRequest,
  ],
  [
    'TE with a blank before the colon',
    post('0\r\n\r\n', 'Transfer-Encoding : chunked'),
    '400 closed',
    noRequest,
  ],
  ['TE of xchunked', post('0\r\n\r\n', 'Transfer-Encoding: xchunked'), '400 closed', noRequest],
  ['TE in quotes', post('0\r\n\r\n', 'Transfer-Encoding: "chunked"'), '400 closed', noRequest],
  [
    'TE behind a vertical tab',
    post('0\r\n\r\n', 'Transfer-Encoding: \x0bchunked'),
    '400 closed',
    noRequest,
  ],
  ['TE behind a tab', post('0\r\n\r\n', 'Transfer-Encoding:\tchunked'), '200 kept', addresses],
  ['TE in capitals', post('0\r\n\r\n', 'TRANSFER-ENCODING: CHUNKED'), '200 kept', addresses],
  [
    'TE on the next line',
    post('0\r\n\r\n', 'Transfer-Encoding:', ' chunked'),
    '400 closed',
    noRequest,
  ],
  [
    'TE behind a bare line feed',
    post('0\r\n\r\n', 'X: a\nTransfer-Encoding: chunked'),
    '400 closed',
    noRequest,
  ],
  [
    'TE of HTTP/1.0',
    post('0\r\n\r\n', te).replace('HTTP/1.1', 'HTTP/1.0'),
    '200 closed',
    addresses,
  ],
  [
    'TE of a GET, with a request inside',
    `${get('/healthz', te)}0\r\n\r\n${smuggled.replace('GET', 'PUT')}`,
    '200 405 kept',
  ],
  [
    'a GET with a body',
    get('/healthz', `Content-Length: ${smuggled.length}`) + smuggled,
    '200 kept',
  ],
  [
    'two equal lengths',
    post(sevenBytes, 'Content-Length: 7', 'Content-Length: 7'),
    '400 closed',
    noRequest,
  ],
  [
    'two lengths',
    post(sevenBytes, 'Content-Length: 7', 'Content-Length: 0'),
    '400 closed',
    noRequest,
  ],
  ['lengths in a list', post(sevenBytes, 'Content-Length: 7, 7'), '400 closed', noRequest],
  ['a negative length', post(sevenBytes, 'Content-Length: -1'), '400 closed', noRequest],
  ['a length with plus', post(sevenBytes, 'Content-Length: +7'), '400 closed', noRequest],
  ['a hexadecimal length', post(sevenBytes, 'Content-Length: 0x7'), '400 closed', noRequest],
  ['a length with a fraction', post(sevenBytes, 'Content-Length: 7.0'), '400 closed', noRequest],
  ['a length with an exponent', post(sevenBytes, 'Content-Length: 7e0'), '400 closed', noRequest],
  ['an empty length', post('', 'Content-Length:'), '400 closed', noRequest],
  [
    'a length with a blank inside',
    post(sevenBytes, 'Content-Length: 0 7'),
    '400 closed',
    noRequest,
  ],
  [
    'a length beyond 64 bits',
    post(sevenBytes, 'Content-Length: 18446744073709551623'),
    '400 closed',
    noRequest,
  ],
  [
    'a length beyond what numbers hold',
    post(sevenBytes, 'Content-Length: 9007199254740993'),
    '413 closed',
    /^the body is too large/,
  ],
  [
    'a length with leading zeros',
    post(sevenBytes, 'Content-Length: 0000000007'),
    '200 kept',
    addresses,
  ],
  [
    'a length with a blank before the colon',
    post(sevenBytes, 'Content-Length : 7'),
    '400 closed',
    noRequest,
  ],
  ['a length under another name', post(sevenBytes, 'Content_Length: 7'), '400 closed', noRequest],
  // Lines.
  ['a blank before the colon of Host', bare('Host : localhost'), '400 closed', noRequest],
  ['a blank before Host', bare(' Host: localhost'), '400 closed', noRequest],
  ['a tab before Host', bare('\tHost: localhost'), '400 closed', noRequest],
  ['a folded header', bare('Host: localhost\r\nX: a\r\n b'), '400 closed', noRequest],
  ['a folded Host', bare('Host:\r\n localhost'), '400 closed', noRequest],
  ['bare line feeds', `GET ${capture} HTTP/1.1\nHost: localhost\n\n`, '400 closed', noRequest],
  ['a bare line feed inside', bare('Host: localhost\nX: a'), '400 closed', noRequest],
  ['a bare carriage return inside', bare('Host: localhost\rX: a'), '400 closed', noRequest],
  [
    'a bare carriage return at the end',
    `GET ${capture} HTTP/1.1\rHost: localhost\r\r`,
    '400 closed',
    noRequest,
  ],
  ['a header without colon', bare('Host: localhost\r\nX'), '400 closed', noRequest],
  ['a header without name', bare('Host: localhost\r\n: x'), '400 closed', noRequest],
  ['a header name with a blank', bare('Host: localhost\r\nX Y: z'), '400 closed', noRequest],
  ['a header name with a null byte', bare('Host: localhost\r\nX\0: z'), '400 closed', noRequest],
  ['a header value with a null byte', bare('Host: localhost\r\nX: \0'), '400 closed', noRequest],
  [
    'a header value with a control character',
    bare('Host: localhost\r\nX: \x01'),
    '400 closed',
    noRequest,
  ],
  ['a header name of high bytes', bare('Host: localhost\r\n\xff\xfe: z'), '400 closed', noRequest],
  // Chunks.
  ['a chunk with an extension', post('7;a=b\r\n0x1+0x2\r\n0\r\n\r\n', te), '200 kept', addresses],
  [
    'a chunk with an extension of 20 kB',
    post(`7;a=${'b'.repeat(20_000)}\r\n0x1+0x2\r\n0\r\n\r\n`, te),
    '400 closed',
    noRequest,
  ],
  [
    'a chunk size beyond 64 bits',
    post('ffffffffffffffff1\r\nx\r\n0\r\n\r\n', te),
    '400 closed',
    noRequest,
  ],
  ['a chunk size with sign', post('-7\r\n0x1+0x2\r\n0\r\n\r\n', te), '400 closed', noRequest],
  ['a chunk size with prefix', post('0x7\r\n0x1+0x2\r\n0\r\n\r\n', te), '400 closed', noRequest],
  [
    'a chunk size with blanks before',
    post(' 7\r\n0x1+0x2\r\n0\r\n\r\n', te),
    '400 closed',
    noRequest,
  ],
  [
    'a chunk that is longer than it says',
    post('3\r\n0x1+0x2\r\n0\r\n\r\n', te),
    '400 closed',
    noRequest,
  ],
  ['a chunk that ends with a line feed', post('7\n0x1+0x2\n0\n\n', te), '400 closed', noRequest],
  ['chunks without size', post('\r\n\r\n', te), '400 closed', noRequest],
  [
    'trailers that would be headers',
    `${post('0\r\nHost: evil.com\r\nContent-Length: 99\r\n\r\n', te)}`,
    '400 closed',
    noRequest,
  ],
  [
    'more data than said',
    post(`${sevenBytes}GARBAGE`, 'Content-Length: 7'),
    '400 closed',
    noRequest,
  ],
  [
    'a second request behind a refused one',
    get('/nope') + request(`PUT ${capture} HTTP/1.1`, host),
    '404 405 kept',
  ],
  // What is no HTTP/1.1.
  ['HTTP/0.9', `GET ${capture}\r\n\r\n`, '400 closed', /^exactly one Host/],
  ['HTTP/1.0', request(`GET ${capture} HTTP/1.0`), '400 closed', /^exactly one Host/],
  ['HTTP/1.0 with a Host of ours', request('GET /healthz HTTP/1.0', host), '200 closed', /^ok\n$/],
  ['HTTP/1.2', request(`GET ${capture} HTTP/1.2`, host), '400 closed', noRequest],
  ['HTTP/2.0 on one line', request(`GET ${capture} HTTP/2.0`, host), '505 closed', /^only HTTP/],
  ['HTTP/3.0', request(`GET ${capture} HTTP/3.0`, host), '400 closed', noRequest],
  ['HTTP/1.1 in lower case', request(`GET ${capture} http/1.1`, host), '400 closed', noRequest],
  ['HTTP/01.1', request(`GET ${capture} HTTP/01.1`, host), '400 closed', noRequest],
  ['another protocol', request(`GET ${capture} ICY/1.0`, host), '400 closed', noRequest],
  [
    'the preface of HTTP/2',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0',
    '400 closed',
    noRequest,
  ],
  ['TLS', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03', '400 closed', noRequest],
  ['a DevTools client', get('/json/list'), '404 kept', /^no such page/],
  ['SSH', 'SSH-2.0-OpenSSH_9.2\r\n', '400 closed', noRequest],
  ['redis through a form', 'SLAVEOF evil.com 6379\r\nSAVE\r\n', '400 closed', noRequest],
  ['bytes of nothing', '\0'.repeat(1000), '400 closed', noRequest],
  ['two blanks in the request line', request('GET  /nope HTTP/1.1', host), '404 kept'],
  [
    'a tab in the request line',
    `GET\t${capture} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    '400 closed',
    noRequest,
  ],
  ['a blank in the URL', get('/debug/pprof/profile?seconds=1 &x'), '400 closed', noRequest],
  ['blank lines before the request', `\r\n\r\n\r\n${get('/healthz')}`, '200 kept'],
]
