// Stands between pprofd and an inspector: counts, and keeps, what the inspector sends.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'

export interface InspectorRelay {
  readonly port: number
  /** Bytes that pprofd's kernel has taken, of all connections. */
  passedBytes(): number
  /** Also those that ask for the list of what can be inspected. */
  connections(): number
  /** Messages that the inspector has sent, of all connections. */
  messages(): Buffer[]
  /** What `HeapProfiler.addHeapSnapshotChunk` said, joined. */
  chunks(): Buffer
}

export async function inspectorRelay(t: Test, targetPort: number): Promise<InspectorRelay> {
  const kept: Buffer[][] = []
  const sockets: Socket[] = []
  const server = createServer((near) => {
    const far = connect(targetPort, '127.0.0.1')
    const bytes: Buffer[] = []
    kept.push(bytes)
    sockets.push(near, far)
    far.on('data', (data: Buffer) => bytes.push(data))
    near.pipe(far)
    far.pipe(near)
    near.on('error', () => far.destroy())
    far.on('error', () => near.destroy())
    near.on('close', () => far.destroy())
    far.on('close', () => near.end())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    port: (server.address() as AddressInfo).port,
    passedBytes: () => sockets.reduce((sum, { bytesRead }, i) => sum + (i % 2 ? bytesRead : 0), 0),
    connections: () => kept.length,
    messages: () => kept.flatMap((bytes) => framesOf(Buffer.concat(bytes))),
    chunks: () =>
      Buffer.concat(
        kept
          .flatMap((bytes) => framesOf(Buffer.concat(bytes)))
          .flatMap((message) => {
            const { method, params } = JSON.parse(message.toString())
            return method?.endsWith('.addHeapSnapshotChunk') ? [Buffer.from(params.chunk)] : []
          }),
      ),
  }
}

/** The answer to a no-op: how many are sent depends on how long an answer takes (src/inspector/nudge.ts). */
export function isNudge(message: Buffer): boolean {
  return /^\{"id":\d+,"result":\{"id":"[^"]*"\}\}$/.test(message.toString())
}

/** The payloads of a server's frames, which are whole and not masked (RFC 6455, section 5.2). */
function framesOf(connection: Buffer): Buffer[] {
  if (!connection.toString('latin1', 0, 20).startsWith('HTTP/1.1 101')) return []
  const frames: Buffer[] = []
  let at = connection.indexOf('\r\n\r\n') + 4
  while (at < connection.length) {
    const opcode = (connection[at] ?? 0) & 15
    const short = connection[at + 1] ?? 0
    const headBytes = short === 127 ? 10 : short === 126 ? 4 : 2
    const length =
      short === 127
        ? Number(connection.readBigUInt64BE(at + 2))
        : short === 126
          ? connection.readUInt16BE(at + 2)
          : short
    const end = at + headBytes + length
    if (opcode === 1 && end <= connection.length)
      frames.push(connection.subarray(at + headBytes, end))
    at = end
  }
  return frames
}
