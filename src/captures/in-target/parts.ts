/** Everything that `inventory` calls: sent with it, for it runs in the target. */
import { createCollector, listener } from './collector.ts'
import { clientsOf, listFetches } from './fetches.ts'
import {
  address,
  childProcess,
  describe,
  handleEntry,
  listHandles,
  server,
  socket,
} from './handles.ts'
import { clientRequest, hostOf, serverRequest, withoutQuery } from './http-requests.ts'
import { asyncIdOf, className, isResolveFunction, own, ownSymbol, shortText } from './own.ts'
import { listRequests, requestEntry } from './requests.ts'
import { addTimer, listImmediates, listTimers } from './timers.ts'

export const inventoryParts = [
  own,
  ownSymbol,
  asyncIdOf,
  className,
  shortText,
  isResolveFunction,
  createCollector,
  listener,
  address,
  describe,
  childProcess,
  server,
  socket,
  handleEntry,
  listHandles,
  withoutQuery,
  hostOf,
  clientRequest,
  serverRequest,
  requestEntry,
  listRequests,
  addTimer,
  listTimers,
  listImmediates,
  clientsOf,
  listFetches,
] as const
