/** The thread in which SourceMaps reads files: a map of 64 MiB keeps it busy, and nobody else. */
import { parentPort, workerData } from 'node:worker_threads'
import { findSources, newCaches } from './find-sources.ts'
import type { LookupRequest } from './questions.ts'

const caches = newCaches(Number(workerData))

parentPort?.on('message', (request: LookupRequest) => {
  const answer = findSources(request, caches)
  const buffers = answer.scripts.map(({ positions }) => positions.buffer as ArrayBuffer)
  parentPort?.postMessage(answer, buffers)
})
