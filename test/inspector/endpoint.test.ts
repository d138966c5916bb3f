import type { IncomingMessage, ServerResponse } from 'node:http'
import t, { type Test } from 'tap'
import { findEndpoint } from '../../src/inspector/endpoint.ts'
import { connectWebSocket } from '../../src/inspector/websocket-transport.ts'
import { freePort } from '../fixtures/support/free-port.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { fakeHttp, fakeId, fakeInspector, fakeTcp } from './fake-inspector.ts'

const timeoutMs = 300
const boundMs = 5000

const honest = { type: 'node', id: fakeId, webSocketDebuggerUrl: `ws://127.0.0.1:1/${fakeId}` }

type Answer = (request: IncomingMessage, response: ServerResponse) => void

function json(value: unknown, status = 200): Answer {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(value))
  }
}

t.test('takes the id of the first Node context, and the port that was asked', async (t) => {
  const lists = [
    [honest],
    [{ type: 'page', id: fakeId.replace('0', 'f') }, honest],
    [{ ...honest, id: 7 }, null, 'node', honest],
    [{ ...honest, webSocketDebuggerUrl: `ws://198.51.100.1:9999/${fakeId}` }],
  ]
  for (const list of lists) {
    const paths: string[] = []
    const port = await fakeHttp(t, (request, response) => {
      paths.push(String(request.url))
      json(list)(request, response)
    })
    t.strictSame(await findEndpoint(port, timeoutMs), { port, id: fakeId })
    t.strictSame(paths, ['/json/list'])
  }
})

t.test('what the list says of host and port is never dialled', async (t) => {
  let strangerAsked = false
  const stranger = await fakeHttp(t, (_, response) => {
    strangerAsked = true
    response.end()
  })
  const { port } = await fakeInspector(t, () => {})
  const url = `ws://127.0.0.1:${stranger}/${fakeId}`
  const listPort = await fakeHttp(t, json([{ ...honest, webSocketDebuggerUrl: url, port: 1 }]))
  const endpoint = await findEndpoint(listPort, timeoutMs)
  t.strictSame(endpoint, { port: listPort, id: fakeId })
  await t.rejects(
    connectWebSocket({ port: listPort, id: fakeId }, { maxMessageBytes: 1024, timeoutMs }),
  )
  const transport = await connectWebSocket(
    { port, id: fakeId },
    { maxMessageBytes: 1024, timeoutMs },
  )
  transport.close()
  t.equal(strangerAsked, false)
})

const notInspectors: Readonly<Record<string, (t: Test) => Promise<number>>> = {
  'a closed port': () => freePort(),
  'a silent listener': (t) => fakeTcp(t, () => {}),
  'a listener that hangs up': (t) => fakeTcp(t, (socket) => socket.destroy()),
  'a listener that speaks something else': (t) =>
    fakeTcp(t, (socket) => socket.end('220 mail.example ESMTP\r\n')),
  'half an answer': (t) =>
    fakeTcp(t, (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[{')),
  'a redirect': (t) =>
    fakeHttp(t, (_, response) => response.writeHead(302, { location: '/json/list2' }).end()),
  'an error with a list': (t) => fakeHttp(t, json([honest], 500)),
  'a web page': (t) => fakeHttp(t, (_, response) => response.end('<!doctype html>')),
  'an empty answer': (t) => fakeHttp(t, (_, response) => response.end()),
  'no list': (t) => fakeHttp(t, json({ 0: honest, length: 1 })),
  'an empty list': (t) => fakeHttp(t, json([])),
  'a browser': (t) => fakeHttp(t, json([{ ...honest, type: 'page' }])),
  'an id that is a path': (t) => fakeHttp(t, json([{ ...honest, id: `../${fakeId}` }])),
  'an id with a host': (t) => fakeHttp(t, json([{ ...honest, id: `@198.51.100.1/${fakeId}` }])),
  'an id with a line break': (t) => fakeHttp(t, json([{ ...honest, id: `${fakeId}\n` }])),
  'a list that never ends': (t) => fakeHttp(t, drip),
}

for (const [title, listen] of Object.entries(notInspectors)) {
  t.test(`${title} is no inspector, known in bounded time`, async (t) => {
    const port = await listen(t)
    const startedMs = performance.now()
    t.equal(await findEndpoint(port, timeoutMs), undefined)
    t.ok(performance.now() - startedMs < boundMs)
  })
}

t.test('a list of 50 MB is given up early', async (t) => {
  let sentBytes = 0
  const chunk = Buffer.alloc(64 * 1024, '[')
  const port = await fakeHttp(t, (_, response) => {
    const more = () => {
      while (sentBytes < 50 * 1024 * 1024 && !response.destroyed) {
        sentBytes += chunk.length
        if (!response.write(chunk)) return response.once('drain', more)
      }
      return response.end()
    }
    more()
  })
  t.equal(await findEndpoint(port, 20_000), undefined)
  t.ok(sentBytes < 25 * 1024 * 1024, `${sentBytes} bytes were sent`)
})

for (const major of nodeMajors) {
  const { path, reason } = await nodeBinary(major)
  t.test(`the inspector of Node ${major} is one`, { skip: reason ?? false }, async (t) => {
    const nodeArguments = ['--inspect=0']
    const { pid } = await spawnTarget(t, 'idle.cjs', { node: path ?? '', nodeArguments })
    const [port = 0] = await listeningPorts(pid)
    t.match(await findEndpoint(port, 5000), { port, id: /^[0-9a-f-]{36}$/ })
  })
}

function drip(_: IncomingMessage, response: ServerResponse): void {
  const timer = setInterval(() => response.write('['), 20)
  response.on('close', () => clearInterval(timer))
}
