// Inspectors that lie, stall and flood: WebSocket and HTTP servers on loopback, at their worst.
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import type { Test } from 'tap'
import { type WebSocket, WebSocketServer } from 'ws'
import type { InspectorEndpoint } from '../../src/inspector/endpoint.ts'
import type { ReceiveBudget } from '../../src/inspector/receive-budget.ts'
import { Session } from '../../src/inspector/session.ts'
import { connectWebSocket } from '../../src/inspector/websocket-transport.ts'

export const fakeId = '01234567-89ab-cdef-0123-456789abcdef'

/** A command as a fake inspector receives it. */
export interface ReceivedCommand {
  readonly id: number
  readonly method: string
  readonly params?: unknown
}

/** `onCommand` is called for every message that the client sends. */
export async function fakeInspector(
  t: Test,
  onCommand: (command: ReceivedCommand, socket: WebSocket) => void,
): Promise<InspectorEndpoint> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
  await once(server, 'listening')
  server.on('connection', (socket) => {
    socket.on('error', () => undefined)
    socket.on('message', (data) => onCommand(JSON.parse(String(data)), socket))
  })
  t.teardown(() => {
    for (const socket of server.clients) socket.terminate()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, id: fakeId }
}

export interface FakeSessionOptions {
  readonly commandTimeoutMs?: number
  readonly maxMessageBytes?: number
  readonly budget?: ReceiveBudget
}

/** A session with a fake inspector, closed when `t` ends. */
export async function fakeSession(
  t: Test,
  onCommand: (command: ReceivedCommand, socket: WebSocket) => void,
  { commandTimeoutMs = 5000, maxMessageBytes = 1024 * 1024, budget }: FakeSessionOptions = {},
): Promise<Session> {
  const endpoint = await fakeInspector(t, onCommand)
  const transport = await connectWebSocket(endpoint, {
    maxMessageBytes,
    budget,
    timeoutMs: 2000,
  })
  const session = new Session(transport, { commandTimeoutMs })
  t.teardown(() => session.close())
  return session
}

/** Port of an HTTP server that answers everything with `answer`. */
export async function fakeHttp(t: Test, answer: RequestListener): Promise<number> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** Port of a TCP server that hands every connection to `onConnection`. */
export async function fakeTcp(t: Test, onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    onConnection(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** Port of a fake inspector that is also found by its `/json/list`. */
export async function fakeInspectorWithList(
  t: Test,
  onCommand: (command: ReceivedCommand, socket: WebSocket) => void,
): Promise<number> {
  const server = createServer((_, response) => {
    response.end(JSON.stringify([{ type: 'node', id: fakeId }]))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const webSockets = new WebSocketServer({ server, perMessageDeflate: false })
  webSockets.on('connection', (socket) => {
    socket.on('error', () => undefined)
    socket.on('message', (data) => onCommand(JSON.parse(String(data)), socket))
  })
  t.teardown(() => {
    for (const socket of webSockets.clients) socket.terminate()
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}
