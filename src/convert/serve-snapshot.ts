/** The thread's end of SnapshotConversion: reads the snapshot as it comes, then makes something of it. */
import { parentPort } from 'node:worker_threads'
import { failureOf } from './failures.ts'
import type { HeapGraph } from './heap-graph/heap-graph.ts'
import type { SnapshotParser } from './heap-graph/snapshot-parser.ts'
import type { FromThread, ToThread } from './snapshot-messages.ts'

/** `purpose`: what the memory of the machine may be too little for, as in `find out what the heap retains`. */
export function serveSnapshot<Header, Result>(
  parser: SnapshotParser,
  purpose: string,
  convert: (graph: HeapGraph, header: Header) => Promise<Result> | Result,
): void {
  const answer = (message: FromThread<Result>) => parentPort?.postMessage(message)

  async function handle(message: ToThread<Header>): Promise<void> {
    try {
      if (message.kind === 'chunk') {
        parser.write(message.bytes)
        answer({ kind: 'read', bytes: message.bytes.length })
        return
      }
      answer({ kind: 'done', result: await convert(parser.end(), message.header) })
    } catch (error) {
      answer({ kind: 'failed', failure: failureOf(error, purpose) })
    }
    parentPort?.close()
  }

  parentPort?.on('message', (message: ToThread<Header>) => void handle(message))
  answer({ kind: 'loaded' })
}
