/** The thread of RetainedConversion: finds out what retains what. */
import { workerData } from 'node:worker_threads'
import { gzipProfile } from '../pprof/gzip-profile.ts'
import type { HeapGraph } from './heap-graph/heap-graph.ts'
import { retainedPaths } from './heap-graph/retained-paths.ts'
import { retainedPprof } from './heap-graph/retained-pprof.ts'
import { SnapshotParser } from './heap-graph/snapshot-parser.ts'
import type { RetainedHeader, RetainedProfile } from './retained-messages.ts'
import { serveSnapshot } from './serve-snapshot.ts'

async function convert(graph: HeapGraph, header: RetainedHeader): Promise<RetainedProfile> {
  const paths = retainedPaths(graph, header)
  const { nodeCount: objects, edgeCount: references } = graph
  const totals = { objects, references, heapBytes: paths.retainedBytes[0] ?? 0 }
  const { bytes, symbols } = retainedPprof(paths, header)
  return { bytes: new Uint8Array(await gzipProfile(bytes)), symbols, totals }
}

serveSnapshot(new SnapshotParser(Number(workerData)), 'find out what the heap retains', convert)
