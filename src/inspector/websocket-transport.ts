/** A WebSocket to the inspector of another process, always on 127.0.0.1. */
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import WebSocket from 'ws'
import { InspectorError } from '../errors.ts'
import { type Dial, dialLoopback } from './dial.ts'
import type { InspectorEndpoint } from './endpoint.ts'
import type { ReceiveBudget } from './receive-budget.ts'
import type { Transport } from './transport.ts'

export interface WebSocketOptions {
  /** A longer message ends the connection: nothing a target sends may exhaust pprofd's memory. */
  readonly maxMessageBytes: number
  /** What the unfinished messages of all targets may take together. */
  readonly budget?: ReceiveBudget | undefined
  readonly timeoutMs: number
  readonly dial?: Dial | undefined
  readonly signal?: AbortSignal | undefined
}

/** @throws {InspectorError} session-closed when the inspector cannot be reached in time. */
export async function connectWebSocket(
  { port, id }: InspectorEndpoint,
  { maxMessageBytes, budget, timeoutMs, dial = dialLoopback, signal }: WebSocketOptions,
): Promise<Transport> {
  const stream = dial(port)
  const socket = new WebSocket(`ws://127.0.0.1:${port}/${id}`, {
    // Node's inspector does not compress; offering it only costs.
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    followRedirects: false,
    createConnection: () => stream,
    // The bytes go to converters that bear anything; checking 100 MB again here would only cost.
    skipUTF8Validation: true,
  })
  const transport = transportOver(socket, maxMessageBytes)
  const tooLate = AbortSignal.timeout(timeoutMs)
  try {
    await once(socket, 'open', {
      signal: signal === undefined ? tooLate : AbortSignal.any([signal, tooLate]),
    })
  } catch (cause) {
    socket.terminate()
    throw new InspectorError(
      'session-closed',
      `the inspector on 127.0.0.1:${port} did not accept a connection: ${String(cause)}`,
      { cause },
    )
  }
  if (budget) countUnfinished(socket, stream, budget)
  return transport
}

/** Ends the connection whose bytes are too many. */
function countUnfinished(socket: WebSocket, stream: Duplex, budget: ReceiveBudget): void {
  let heldBytes = 0
  const giveBack = () => {
    budget.give(heldBytes)
    heldBytes = 0
  }
  socket.on('message', giveBack)
  socket.on('close', giveBack)
  // Before ws reads it: the end of a message gives back all of it.
  stream.prependListener('data', (chunk: Uint8Array) => {
    heldBytes += chunk.length
    if (budget.take(chunk.length)) return
    const message = `targets sent more at once than the ${budget.maxBytes} bytes that limits.bytesReceived allows`
    socket.emit('error', new InspectorError('message-too-large', message))
    socket.terminate()
  })
}

function transportOver(socket: WebSocket, maxMessageBytes: number): Transport {
  let failure: Error | undefined
  const transport: Transport = {
    send: (message) => socket.send(message),
    isRemote: true,
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close: () => socket.terminate(),
    onmessage: () => {},
    onclose: () => {},
  }
  socket.on('message', (data) => transport.onmessage(bytesOf(data)))
  // Without a listener an error would be thrown; `close` always follows it.
  socket.on('error', (error) => {
    failure = error
  })
  socket.on('close', () => transport.onclose(failure && explained(failure, maxMessageBytes)))
  return transport
}

function explained(failure: Error & { readonly code?: unknown }, maxMessageBytes: number): Error {
  if (failure.code !== 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return failure
  const message = `the target sent more than the ${maxMessageBytes} bytes that limits.maxProfileBytes allows`
  return new InspectorError('message-too-large', message, { cause: failure })
}

function bytesOf(data: WebSocket.RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data)
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data
}
