import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { listenAnywhere, sendRaw, startApp } from './start-app.ts'

/** Status line and body of what a raw request gets. */
const cases: Readonly<Record<string, readonly [request: string, answer: RegExp]>> = {
  'HTTP/1.1 without Host': [
    'GET / HTTP/1.1\r\nConnection: close\r\n\r\n',
    /^HTTP\/1\.1 400 .*X-Go-Pprof: 1.*exactly one Host header is needed, this request has 0\n$/is,
  ],
  'HTTP/1.0 without Host': [
    'GET /healthz HTTP/1.0\r\n\r\n',
    /^HTTP\/1\.1 400 .*exactly one Host header is needed, this request has 0\n$/s,
  ],
  'HTTP/1.0 with Host': ['GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n', /200 OK.*\nok\n$/s],
  'two Hosts': [
    'GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\nConnection: close\r\n\r\n',
    /^HTTP\/1\.1 400 .*this request has 2\n$/s,
  ],
  'an absolute URL': [
    'GET http://localhost/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
    /^HTTP\/1\.1 400 .*pprofd is no proxy\n$/s,
  ],
  'an absolute URL with a rebound Host': [
    'GET http://localhost/healthz HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n',
    /^HTTP\/1\.1 403 /,
  ],
  CONNECT: [
    'CONNECT localhost:22 HTTP/1.1\r\nHost: localhost\r\n\r\n',
    /^HTTP\/1\.1 400 .*pprofd is no proxy\n$/s,
  ],
  'a WebSocket': [
    'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    /^HTTP\/1\.1 400 .*pprofd upgrades no connection\n$/s,
  ],
  'a method that fastify does not know': [
    'PROPFIND /debug/pprof/profile HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
    /^HTTP\/1\.1 405 .*allow: GET\r\n.*the method PROPFIND is not served/is,
  ],
  'a method that fastify does not know, with a rebound Host': [
    'PROPFIND /nope HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n',
    /^HTTP\/1\.1 403 /,
  ],
  HEAD: [
    'HEAD /debug/pprof/profile HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
    /^HTTP\/1\.1 405 .*\r\n\r\n$/s,
  ],
  'a preflight of CORS': [
    'OPTIONS / HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nConnection: close\r\n\r\n',
    /^HTTP\/1\.1 405 (?!.*access-control)/is,
  ],
  'no HTTP': ['\x16\x03\x01 hello\r\n\r\n', /^HTTP\/1\.1 400 .*this is no HTTP request\n$/s],
  'headers above 8 KiB': [
    `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(9000)}\r\n\r\n`,
    /^HTTP\/1\.1 431 .*the headers are above 8192 bytes\n$/s,
  ],
  'a body above 64 KiB': [
    `POST /debug/pprof/symbol HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n` +
      `Content-Type: application/octet-stream\r\nContent-Length: 65537\r\n\r\n`,
    /^HTTP\/1\.1 413 .*the body is too large: at most 65536 bytes/s,
  ],
  'a body of another kind': [
    `POST /debug/pprof/symbol HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n` +
      `Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`,
    /^HTTP\/1\.1 415 .*must be addresses as application\/octet-stream\n$/s,
  ],
}

t.test('what inject cannot send', async (t) => {
  const port = await listenAnywhere(startApp(t).app)
  for (const [name, [request, answer]] of Object.entries(cases)) {
    t.match(await sendRaw(port, request), answer, name)
  }
})

t.test('a request that never ends is cut off, in words', async (t) => {
  const port = await listenAnywhere(startApp(t).app)
  const answer = await sendRaw(port, 'GET / HTTP/1.1\r\nHost: localhost\r\n')
  t.match(answer, /^HTTP\/1\.1 408 .*the request came too slowly\n$/s)
})

t.test('more connections than the captures and some others need are cut off', async (t) => {
  const { app } = startApp(t, { limits: { maxSeconds: 9, capturesPerTarget: 1, captures: 8 } })
  t.equal(app.server.maxConnections, 200)
  app.server.maxConnections = 1
  const port = await listenAnywhere(app)
  const first = connect(port, '127.0.0.1')
  await once(first, 'connect')
  t.equal(await sendRaw(port, '').catch(() => ''), '')
  first.destroy()
})
