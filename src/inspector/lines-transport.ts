/** Messages as lines over a socket: JSON text has no line break of its own. */
import type { Socket } from 'node:net'
import { InspectorError } from '../errors.ts'
import type { Transport } from './transport.ts'

const lineBreak = 0x0a

/** `maxMessageBytes`: a longer message ends the connection. */
export function linesTransport(socket: Socket, maxMessageBytes: number): Transport {
  let failure: Error | undefined
  let held: Uint8Array[] = []
  let heldBytes = 0
  const transport: Transport = {
    send: (message) => void socket.write(`${message}\n`),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close: () => void socket.destroy(),
    onmessage: () => {},
    onclose: () => {},
  }
  const take = (bytes: Uint8Array) => {
    if (bytes.length > 0) held.push(bytes)
    heldBytes += bytes.length
  }
  socket.on('data', (chunk: Buffer) => {
    let from = 0
    for (let at = chunk.indexOf(lineBreak); at >= 0; at = chunk.indexOf(lineBreak, from)) {
      take(chunk.subarray(from, at))
      const message = Buffer.concat(held)
      held = []
      heldBytes = 0
      from = at + 1
      transport.onmessage(message)
    }
    take(chunk.subarray(from))
    if (heldBytes <= maxMessageBytes) return
    const message = `the target sent more than the ${maxMessageBytes} bytes that a message may have`
    failure = new InspectorError('message-too-large', message)
    socket.destroy()
  })
  // Without a listener an error would be thrown; `close` always follows it.
  socket.on('error', (error) => {
    failure ??= error
  })
  socket.on('close', () => transport.onclose(failure))
  // Whoever accepted it may have held it back until somebody listens.
  socket.resume()
  return transport
}
