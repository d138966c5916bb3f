/** The thread of SuspendedConversion: finds out who waits for what. */
import { workerData } from 'node:worker_threads'
import { SnapshotParser } from './heap-graph/snapshot-parser.ts'
import { suspendedFunctions } from './heap-graph/suspended-functions.ts'
import { serveSnapshot } from './serve-snapshot.ts'

const parser = new SnapshotParser(Number(workerData), { keepsValues: true })

serveSnapshot(parser, 'find out who waits for what in the heap', suspendedFunctions)
