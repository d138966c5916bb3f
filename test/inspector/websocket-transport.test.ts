import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { ReceiveBudget } from '../../src/inspector/receive-budget.ts'
import { Session } from '../../src/inspector/session.ts'
import { connectWebSocket } from '../../src/inspector/websocket-transport.ts'
import { freePort } from '../fixtures/support/free-port.ts'
import { fakeHttp, fakeId, fakeInspector, fakeSession, fakeTcp } from './fake-inspector.ts'

const options = { maxMessageBytes: 1024, timeoutMs: 300 }

t.test('a message above the limit ends the session with the reason', async (t) => {
  const session = await fakeSession(t, ({ id }, socket) => {
    socket.send(JSON.stringify({ id, result: { id: 'x'.repeat(300_000) } }))
  })
  t.match(await session.send('Runtime.getIsolateId'), { id: /^x+$/ }, 'below the limit')
  const small = await fakeSession(
    t,
    ({ id }, socket) => socket.send(JSON.stringify({ id, result: { id: 'x'.repeat(2000) } })),
    { maxMessageBytes: 1024 },
  )
  await t.rejects(small.send('Runtime.getIsolateId'), {
    code: 'message-too-large',
  })
  await small.closed
})

t.test('a message in many fragments counts as one', async (t) => {
  const session = await fakeSession(
    t,
    (_, socket) => {
      for (let part = 0; part < 100; part++) socket.send('x'.repeat(100), { fin: false })
    },
    { maxMessageBytes: 1024 },
  )
  await t.rejects(session.send('Profiler.stop'), { code: 'message-too-large' })
})

t.test('targets that send too much at the same moment are let go', async (t) => {
  const budget = new ReceiveBudget(1_000_000)
  const begun = () =>
    fakeSession(
      t,
      ({ id, method }, socket) => {
        if (method === 'Profiler.enable') {
          socket.send(JSON.stringify({ id, result: { text: 'x'.repeat(600_000) } }))
        } else for (let part = 0; part < 6; part++) socket.send('x'.repeat(100_000), { fin: false })
      },
      { maxMessageBytes: 2_000_000, budget },
    )
  const [first, second] = [await begun(), await begun()]
  for (let again = 0; again < 5; again++) await first.send('Profiler.enable')
  t.equal(budget.bytes, 0, 'what is finished does not count')
  const stalled = first.send('Profiler.stop').catch((error: Error) => error)
  while (budget.bytes < 600_000) await sleep(10)
  await t.rejects(second.send('Profiler.stop'), {
    code: 'message-too-large',
    message: 'targets sent more at once than the 1000000 bytes that limits.bytesReceived allows',
  })
  while (budget.bytes > 700_000) await sleep(10)
  await first.close()
  await stalled
  while (budget.bytes > 0) await sleep(10)
  t.equal(budget.bytes, 0)
})

t.test('binary messages are read like text', async (t) => {
  const session = await fakeSession(t, ({ id }, socket) => {
    socket.send(Buffer.from(JSON.stringify({ id, result: { id: 'binary' } })), { binary: true })
  })
  t.strictSame(await session.send('Runtime.getIsolateId'), { id: 'binary' })
})

const refusing: Readonly<Record<string, (t: Test) => Promise<number>>> = {
  'a closed port': () => freePort(),
  'a silent listener': (t) => fakeTcp(t, () => {}),
  'one that hangs up': (t) => fakeTcp(t, (socket) => socket.destroy()),
  'one that speaks something else': (t) => fakeTcp(t, (socket) => socket.end('220 mail\r\n')),
  'a web server': (t) => fakeHttp(t, (_, response) => response.end('hello')),
  'a redirect to an inspector': async (t) => {
    const { port } = await fakeInspector(t, () => {})
    return fakeHttp(t, (_, response) => {
      response.writeHead(302, { location: `ws://127.0.0.1:${port}/${fakeId}` }).end()
    })
  },
}

for (const [title, listen] of Object.entries(refusing)) {
  t.test(`${title} is session-closed, in bounded time`, async (t) => {
    const port = await listen(t)
    const startedMs = performance.now()
    await t.rejects(connectWebSocket({ port, id: fakeId }, options), {
      code: 'session-closed',
      message: new RegExp(`^the inspector on 127\\.0\\.0\\.1:${port} did not accept a connection`),
    })
    t.ok(performance.now() - startedMs < 5000)
  })
}

t.test('an AbortSignal ends the connecting', async (t) => {
  const port = await fakeTcp(t, () => {})
  const connecting = connectWebSocket(
    { port, id: fakeId },
    { ...options, timeoutMs: 60_000, signal: AbortSignal.timeout(30) },
  )
  await t.rejects(connecting, { code: 'session-closed' })
})

t.test('compression is not offered', async (t) => {
  let headers = ''
  const port = await fakeTcp(t, (socket) => {
    socket.once('data', (data) => {
      headers = String(data)
      socket.destroy()
    })
  })
  await t.rejects(connectWebSocket({ port, id: fakeId }, options))
  t.match(headers, new RegExp(`^GET /${fakeId} HTTP/1.1\r\n`))
  t.match(headers, new RegExp(`\r\nHost: 127.0.0.1:${port}\r\n`))
  t.notMatch(headers, /sec-websocket-extensions/i)
})

const closeFrame = Buffer.from([0x88, 0x02, 0x03, 0xe8])
const brokenFrame = Buffer.from([0xff, 0xff, 0xff, 0xff])

for (const [title, frame] of Object.entries({
  closeFrame,
  brokenFrame,
  nothing: Buffer.alloc(0),
})) {
  t.test(
    `an end in the same packet as the handshake (${title}) leaves nobody waiting`,
    async (t) => {
      const port = await fakeTcp(t, (socket) => {
        socket.once('data', (data) => acceptAnd(socket, String(data), frame))
      })
      const ended = (async () => {
        const transport = await connectWebSocket({ port, id: fakeId }, options)
        const session = new Session(transport, { commandTimeoutMs: 500 })
        const failure = t.rejects(session.send('Profiler.stop'))
        await session.closed
        await failure
        await session.close()
      })()
      await ended.catch((error: unknown) => t.match(error, { code: 'session-closed' }))
    },
  )
}

/** The answer of RFC 6455, section 4.2.2, with bytes behind it and the end of the connection. */
function acceptAnd(socket: Socket, request: string, bytes: Buffer): void {
  const key = /^sec-websocket-key: (.*)$/im.exec(request)?.[1]?.trim() ?? ''
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
  const head = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept.digest('base64')}`,
  ].join('\r\n')
  socket.end(Buffer.concat([Buffer.from(`${head}\r\n\r\n`), bytes]))
}
