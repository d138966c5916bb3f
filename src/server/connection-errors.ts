/** What happens on a connection before, or instead of, a request that fastify could route. */
import { type Server, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'

/** Requests that Node's parser refuses or that never end. */
export function answerClientError(error: Error, socket: Duplex): void {
  const code = 'code' in error ? error.code : undefined
  if (code === 'ECONNRESET') socket.destroy()
  else if (code === 'ERR_HTTP_REQUEST_TIMEOUT') end(socket, 408, 'the request came too slowly')
  else if (code === 'HPE_HEADER_OVERFLOW') end(socket, 431, 'the headers are above 8192 bytes')
  else end(socket, 400, 'this is no HTTP request')
}

/** pprofd has no WebSocket and is no proxy; without these listeners Node would hang up, go on or answer bare. */
export function refuseUpgrades(server: Server): void {
  server.on('upgrade', (_request, socket) => end(socket, 400, 'pprofd upgrades no connection'))
  server.on('connect', (_request, socket) => end(socket, 400, 'pprofd is no proxy'))
  server.on('checkExpectation', ({ socket }) => end(socket, 417, 'only 100-continue is understood'))
}

function end(socket: Duplex, status: number, sentence: string): void {
  // A peer that resets now has lost its answer, and nothing else.
  socket.on('error', () => socket.destroy())
  if (!socket.writable) return void socket.destroy()
  const body = `${sentence}\n`
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'X-Content-Type-Options: nosniff',
    'X-Go-Pprof: 1',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}
