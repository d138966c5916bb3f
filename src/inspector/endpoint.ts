/** Whether an inspector answers at a port, and under which id: its `/json/list`. */
import { request } from 'node:http'
import { type Dial, dialLoopback } from './dial.ts'

export interface InspectorEndpoint {
  readonly port: number
  /** The path of the WebSocket. Nothing else of the list is believed: host and port are ours. */
  readonly id: string
}

/** Node's list has one entry of about 500 bytes. */
const maxListBytes = 64 * 1024

const inspectorId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * Asks 127.0.0.1:port for its list of inspectable contexts.
 * Undefined when whatever listens there gives no answer of Node's form within the time.
 */
export async function findEndpoint(
  port: number,
  timeoutMs: number,
  dial: Dial = dialLoopback,
): Promise<InspectorEndpoint | undefined> {
  const text = await fetchList(port, timeoutMs, dial)
  const id = text === undefined ? undefined : inspectorIdOf(text)
  return id === undefined ? undefined : { port, id }
}

function inspectorIdOf(listText: string): string | undefined {
  let list: unknown
  try {
    list = JSON.parse(listText)
  } catch {
    return undefined
  }
  if (!Array.isArray(list)) return undefined
  for (const entry of list) {
    if (entry?.type === 'node' && inspectorId.test(String(entry.id))) return String(entry.id)
  }
  return undefined
}

function fetchList(port: number, timeoutMs: number, dial: Dial): Promise<string | undefined> {
  return new Promise((resolve) => {
    const giveUp = () => {
      call.destroy()
      resolve(undefined)
    }
    const call = request(
      { host: '127.0.0.1', port, path: '/json/list', createConnection: () => dial(port) },
      (response) => {
        const chunks: Buffer[] = []
        let sizeBytes = 0
        response.on('data', (chunk: Buffer) => {
          sizeBytes += chunk.length
          chunks.push(chunk)
          if (sizeBytes > maxListBytes) giveUp()
        })
        response.on('end', () =>
          resolve(response.statusCode === 200 ? Buffer.concat(chunks).toString() : undefined),
        )
        response.on('error', giveUp)
      },
    )
    // A timeout of the socket would count silence only; a listener that drips bytes must end too.
    const deadline = setTimeout(giveUp, timeoutMs)
    call.on('close', () => clearTimeout(deadline))
    call.on('error', giveUp)
    call.end()
  })
}
