/** The thread of RetainedConversion: reads the snapshot as it comes, then finds out what retains what. */
import { parentPort, workerData } from 'node:worker_threads'
import { OperationalError } from '../errors.ts'
import { gzipProfile } from '../pprof/gzip-profile.ts'
import { retainedPaths } from './heap-graph/retained-paths.ts'
import { retainedPprof } from './heap-graph/retained-pprof.ts'
import { SnapshotParser } from './heap-graph/snapshot-parser.ts'
import type {
  Failure,
  FromThread,
  RetainedHeader,
  RetainedProfile,
  ToThread,
} from './retained-messages.ts'

const parser = new SnapshotParser(Number(workerData))

function answer(message: FromThread): void {
  parentPort?.postMessage(message)
}

async function convert(header: RetainedHeader): Promise<RetainedProfile> {
  const graph = parser.end()
  const paths = retainedPaths(graph, header)
  const { nodeCount: objects, edgeCount: references } = graph
  const totals = { objects, references, heapBytes: paths.retainedBytes[0] ?? 0 }
  const { bytes, symbols } = retainedPprof(paths, header)
  return { bytes: new Uint8Array(await gzipProfile(bytes)), symbols, totals }
}

function failureOf(error: unknown): Failure {
  if (error instanceof OperationalError) {
    return { code: error.code, message: error.message, tryNext: error.tryNext }
  }
  if (error instanceof RangeError && error.message.startsWith('Array buffer allocation')) {
    const message = 'the machine has too little memory to find out what the heap retains'
    return { code: 'capture-too-costly', message, tryNext: undefined }
  }
  return { code: undefined, message: String(error), tryNext: undefined }
}

async function handle(message: ToThread): Promise<void> {
  try {
    if (message.kind === 'chunk') {
      parser.write(message.bytes)
      answer({ kind: 'read', bytes: message.bytes.length })
      return
    }
    answer({ kind: 'done', profile: await convert(message.header) })
  } catch (error) {
    answer({ kind: 'failed', failure: failureOf(error) })
  }
  parentPort?.close()
}

parentPort?.on('message', (message: ToThread) => void handle(message))
