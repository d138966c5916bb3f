/** Entry of the worker thread that takes a census, so that the caller's event loop stays free. */
import { parentPort, workerData } from 'node:worker_threads'
import { OperationalError } from '../errors.ts'
import type { Census } from './census.ts'
import type { Layout } from './layout.ts'
import { type CensusRequest, readCensus } from './read-census.ts'

export interface CensusTask {
  readonly request: CensusRequest
  readonly known: ReadonlyMap<string, Layout>
  /** Not 0: it was given up before the thread could begin. */
  readonly cancelled: Int32Array
}

export interface CensusReply {
  readonly census?: Census
  /** An operational error, which loses its class between threads. */
  readonly error?: {
    readonly isTargets: boolean
    readonly code: string
    readonly message: string
    readonly tryNext: string | undefined
  }
  readonly known: ReadonlyMap<string, Layout>
}

/** What the thread sends: that its code is loaded, then the reply. */
export type FromCensusThread =
  | { readonly kind: 'loaded' }
  | { readonly kind: 'done'; readonly reply: CensusReply }

const loaded: FromCensusThread = { kind: 'loaded' }
parentPort?.postMessage(loaded)
const { request, known: before, cancelled } = workerData as CensusTask
if (Atomics.load(cancelled, 0) === 0) {
  const done: FromCensusThread = { kind: 'done', reply: await take(new Map(before)) }
  parentPort?.postMessage(done)
}

function take(known: Map<string, Layout>): Promise<CensusReply> {
  return readCensus(request, known).then(
    (census): CensusReply => ({ census, known }),
    (error: unknown): CensusReply => {
      if (!(error instanceof OperationalError)) throw error
      const { code, message, tryNext } = error
      return { error: { isTargets: code.startsWith('target-'), code, message, tryNext }, known }
    },
  )
}
