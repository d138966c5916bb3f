/** GET /debug/heapsnapshot: V8's heap snapshot, streamed while the target writes it. */
import type { OutgoingHttpHeaders } from 'node:http'
import { Socket } from 'node:net'
import {
  captureHeapSnapshot,
  type HeapSnapshotRecording,
  type HeapSnapshotStart,
} from '../../captures/heap-snapshot.ts'
import type { Target } from '../../targets/target.ts'
import type { Handler, ServerContext, TargetRequest } from '../context.ts'
import { type DeclaredParameters, readDeclared } from '../declared-parameters.ts'
import { firstValue } from '../parameters.ts'
import { requestTarget } from '../request-target.ts'
import { snapshotForceParameter } from '../shared-parameters.ts'
import { streamCapture } from '../stream-capture.ts'
import type { StreamedAnswer } from '../streamed-answer.ts'

/** What a heap of some 300 MB takes, for whoever is told to come back. */
const typicalMs = 30_000

export const heapSnapshotParameters = {
  thread: {
    kind: 'text',
    fallback: 'main',
    description:
      'The thread whose heap it is, called as in profiles: name#3 or worker#3 is a worker.',
  },
  force: snapshotForceParameter,
} as const satisfies DeclaredParameters

export function heapSnapshotHandler(context: ServerContext): Handler {
  return async (request, reply) => {
    const wanted = readParameters(request)
    const target = await requestTarget(context.targets, request)
    waitForever(request)
    return streamCapture(context, request, reply, target, {
      name: 'heapsnapshot',
      durationMs: typicalMs,
      wanted,
      work: (signal, answer) => stream(context, target, { ...wanted, signal }, answer),
      cost,
    })
  }
}

interface SnapshotParameters {
  readonly thread: string
  readonly force: boolean
}

function readParameters({ query }: TargetRequest): SnapshotParameters {
  const { thread, force } = heapSnapshotParameters
  return {
    thread: firstValue(query, 'thread') ?? thread.fallback,
    ...readDeclared(query, { force }),
  }
}

/** V8 walks the heap for minutes at tens of GB, and nothing passes on the connection meanwhile. */
function waitForever({ raw: { socket } }: TargetRequest): void {
  // A request that never came by a connection has none.
  if (socket instanceof Socket) socket.setTimeout(0)
}

async function stream(
  { targets, limits }: ServerContext,
  target: Target,
  wanted: SnapshotParameters & { readonly signal: AbortSignal },
  answer: StreamedAnswer,
): Promise<HeapSnapshotRecording> {
  let begin = () => {}
  const recording = await captureHeapSnapshot(targets, target, {
    ...wanted,
    kind: 'heapsnapshot',
    maxPauseMs: limits.maxPauseMs,
    onStart: (start) => {
      begin = () => answer.begin(headersOf(start))
    },
    write: (chunk) => {
      // Until V8 has something to say, what goes wrong is told in words.
      if (!answer.hasBegun) begin()
      return answer.write(chunk)
    },
  })
  await answer.end({ 'X-Pprofd-Pause-Ms': recording.pauseMs.toFixed(1) })
  if (wanted.signal.aborted) throw wanted.signal.reason
  return recording
}

function headersOf({
  target,
  attachMs,
  startedAtMs,
  estimate,
}: HeapSnapshotStart): OutgoingHttpHeaders {
  // Colons are no characters for file names everywhere.
  const time = new Date(startedAtMs).toISOString().replace(/[-:]|\.\d+/g, '')
  const { heapBytes, snapshotBytes, pauseMs, targetBytes } = estimate
  return {
    'Content-Type': 'application/json',
    'Content-Disposition': `attachment; filename="heap-${target.pid}-${time}.heapsnapshot"`,
    Trailer: 'X-Pprofd-Pause-Ms',
    'X-Pprofd-Pid': target.pid,
    'X-Pprofd-Attach-Ms': attachMs.toFixed(1),
    'X-Pprofd-Heap-Bytes': heapBytes,
    'X-Pprofd-Estimated-Bytes': `${snapshotBytes.from}-${snapshotBytes.to}`,
    'X-Pprofd-Estimated-Pause-Ms': `${pauseMs.from}-${pauseMs.to}`,
    'X-Pprofd-Estimated-Target-Bytes': `${targetBytes.from}-${targetBytes.to}`,
  }
}

function cost({ attachMs, pauseMs, openedInspector, bytes }: HeapSnapshotRecording) {
  return { attachMs, pauseMs, openedInspector, sizeBytes: bytes }
}
