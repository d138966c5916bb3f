/** Runs in the target, see target-source.ts: requests of the global fetch, in undici's own queues. */
import type { Collector } from './collector.ts'
import { withoutQuery } from './http-requests.ts'
import { own, ownSymbol, shortText } from './own.ts'

export function listFetches(collector: Collector): void {
  // Undici 8 keeps its dispatcher under .2 and a wrapper for older ones under .1.
  const dispatcher = ['2', '1']
    .map((version) => own(globalThis, Symbol.for(`undici.globalDispatcher.${version}`)))
    .find((value) => value !== undefined)
  let total = 0
  let shown = 0
  for (const client of clientsOf(dispatcher)) {
    const queue = ownSymbol(client, 'queue')
    const pendingFrom = Number(ownSymbol(client, 'pending index', 'pendingIdx') ?? 0)
    const runningFrom = Number(ownSymbol(client, 'running index', 'runningIdx') ?? 0)
    if (!Array.isArray(queue)) continue
    for (let index = runningFrom; index < queue.length; index++) {
      const request: unknown = queue[index]
      if (typeof request !== 'object' || request === null) continue
      total++
      if (collector.isFull()) continue
      shown++
      const path = withoutQuery(own(request, 'path'), collector.limits.withQuery)
      const waitsFor = `${shortText(own(request, 'method'))} ${shortText(own(request, 'origin'))}${path}`
      const state = index < pendingFrom ? 'waiting-response' : 'queued'
      collector.add({ kind: 'fetch', state, count: 1, waitsFor })
    }
  }
  collector.cut('fetches', shown, total)
}

/** An agent has a pool an origin, a pool has clients; either may be left out. */
export function clientsOf(dispatcher: unknown): readonly unknown[] {
  const byOrigin = ownSymbol(dispatcher, 'clients')
  if (!(byOrigin instanceof Map)) return []
  return [...byOrigin.values()].flatMap((reference: unknown) => {
    const pool =
      reference instanceof WeakRef ? reference.deref() : (own(reference, 'dispatcher') ?? reference)
    const clients = ownSymbol(pool, 'clients')
    return Array.isArray(clients) ? clients : [pool]
  })
}
