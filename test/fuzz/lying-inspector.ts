// Stands between pprofd and the inspector of a real Node and lies: what a target sends is changed anywhere.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import type { Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { type Damage, damage, damaged, jsonText, text, value } from './hostile-values.ts'

/** What is done to one message of the target. */
export type Lie =
  | { readonly kind: 'damage'; readonly damages: readonly Damage[] }
  | { readonly kind: 'result' | 'error'; readonly value: unknown }
  /** Sent before it. */
  | { readonly kind: 'event'; readonly method: string; readonly params: unknown }
  | { readonly kind: 'twice' }
  /** Sent instead of it, and then the connection ends. */
  | { readonly kind: 'last'; readonly bytes: string }

/** By the number of the message. */
export type Lies = ReadonlyMap<number, Lie>

const eventNames = [
  'NodeRuntime.waitingForDisconnect',
  'HeapProfiler.addHeapSnapshotChunk',
  'HeapProfiler.reportHeapSnapshotProgress',
  'NodeTracing.dataCollected',
  'NodeTracing.tracingComplete',
  'Profiler.consoleProfileFinished',
  'NodeWorker.attachedToWorker',
  'NodeWorker.detachedFromWorker',
  'NodeWorker.receivedMessageFromWorker',
  'Debugger.paused',
  'Inspector.detached',
]

/** As the protocol has them, to be damaged. */
const eventParameters = {
  chunk: '{"snapshot":',
  done: 1,
  total: 2,
  finished: true,
  value: [{ ph: 'X', name: 'a', ts: 1, dur: 2, pid: 1, tid: 1, cat: 'v8', args: {} }],
  id: '1',
  title: 'pprofd 1',
  location: { scriptId: '1', lineNumber: 1, columnNumber: 1 },
  profile: { nodes: [], startTime: 1, endTime: 2 },
  sessionId: '1',
  message: '{"id":1,"result":{}}',
  workerInfo: { workerId: '1', type: 'worker', title: '[worker 1] a', url: 'file:///a.js' },
  waitingForDebugger: false,
}

const lie: fc.Arbitrary<Lie> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('damage' as const),
      damages: fc.array(damage(), { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('result' as const), value: value() }) },
  fc.record({ kind: fc.constant('error' as const), value: value() }),
  {
    weight: 2,
    arbitrary: fc
      .record({
        method: fc.constantFrom(...eventNames),
        damages: fc.array(damage(), { maxLength: 3 }),
      })
      .map(({ method, damages }) => {
        return {
          kind: 'event' as const,
          method,
          params: JSON.parse(damaged(eventParameters, damages)),
        }
      }),
  },
  fc.constant({ kind: 'twice' as const }),
  fc.record({ kind: fc.constant('last' as const), bytes: fc.oneof(text(), value().map(jsonText)) }),
)

/** The first message after the way in is about the fifteenth. */
export const lies: fc.Arbitrary<Lies> = fc
  .array(fc.tuple(fc.nat(40), lie), { minLength: 1, maxLength: 4 })
  .map((pairs) => new Map(pairs))

export interface LyingInspector {
  readonly port: number
  /** The lies that have been told. */
  readonly told: () => number
}

/** `list`: what `/json/list` answers; default: as Node does. */
export async function lyingInspector(
  t: Test,
  targetUrl: string,
  lies: Lies,
  list?: string,
): Promise<LyingInspector> {
  const id = targetUrl.slice(-36)
  const http = createServer((_, response) => {
    response.end(
      list ?? JSON.stringify([{ type: 'node', id, title: '<b>\x1b[31m\n', url: 'file:///a' }]),
    )
  }).listen(0, '127.0.0.1')
  await once(http, 'listening')
  const server = new WebSocketServer({ server: http, perMessageDeflate: false })
  let told = 0
  server.on('connection', (near) => {
    const far = new WebSocket(targetUrl, { perMessageDeflate: false })
    const waiting: string[] = []
    let count = 0
    near.on('error', () => near.terminate())
    far.on('error', () => near.terminate())
    near.on('message', (data) => {
      if (far.readyState === WebSocket.OPEN) far.send(String(data))
      else waiting.push(String(data))
    })
    far.on('open', () => {
      for (const message of waiting) far.send(message)
    })
    far.on('message', (data) => {
      const lie = lies.get(count++)
      if (lie !== undefined) told++
      for (const message of lie === undefined ? [String(data)] : changed(String(data), lie))
        near.send(message)
      // What is no answer would leave pprofd waiting for one.
      if (lie?.kind === 'last') near.close()
    })
    near.on('close', () => far.terminate())
    far.on('close', () => near.close())
  })
  t.teardown(() => {
    for (const socket of server.clients) socket.terminate()
    http.closeAllConnections()
    http.close()
  })
  return { port: (http.address() as AddressInfo).port, told: () => told }
}

function changed(message: string, lie: Lie): readonly string[] {
  const { id, method, params, result, ...rest } = JSON.parse(message)
  const withBody = (json: string) =>
    method === undefined
      ? `{"id":${id},"result":${json}}`
      : `{"method":"${method}","params":${json}}`
  switch (lie.kind) {
    case 'damage':
      return [withBody(damaged(result ?? params ?? rest, lie.damages))]
    case 'result':
      return [withBody(jsonText(lie.value))]
    case 'error':
      return method === undefined ? [`{"id":${id},"error":${jsonText(lie.value)}}`] : [message]
    case 'event':
      return [JSON.stringify({ method: lie.method, params: lie.params }), message]
    case 'twice':
      return [message, message]
    case 'last':
      return [lie.bytes]
  }
}
