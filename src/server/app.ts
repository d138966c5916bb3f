/**
 * The HTTP side of pprofd, built without listening, so that every route answers to `app.inject`.
 * Closing it ends the running captures and waits until their targets are restored.
 */
import fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import type { AccessRules } from '../access/access-rules.ts'
import type { LastProfile, TakeProfile } from '../recorder/recorded-profile.ts'
import { admit } from './access.ts'
import { watchConnections } from './caller.ts'
import { answersWait, CaptureAdmission } from './capture-admission.ts'
import { CaptureList } from './capture-list.ts'
import { answerClientError, refuseUpgrades } from './connection-errors.ts'
import { ConnectionLimit } from './connection-limit.ts'
import type {
  GoroutineDefaults,
  HeapDefaults,
  ProfileDefaults,
  ServerLimits,
  Services,
  SourceDefaults,
} from './context.ts'
import { Conversions } from './conversion/conversions.ts'
import { answerError, reasonOf, sendFailure } from './errors.ts'
import { judgeRequest } from './guard.ts'
import { lastProfile } from './last-profile.ts'
import { DaemonMetrics } from './metrics/daemon-metrics.ts'
import { Outbox } from './outbox.ts'
import { ResultStore } from './page/result-store.ts'
import { responseHeaders } from './response-headers.ts'
import { registerRoutes } from './routes.ts'
import { SnapshotAnalyses } from './snapshot-analyses.ts'
import { SymbolTable } from './symbol-table.ts'
import { profileTaker } from './take-profile.ts'

export interface ServerOptions {
  readonly logger: FastifyBaseLogger
  readonly limits: ServerLimits
  readonly profile: ProfileDefaults
  readonly heap: HeapDefaults
  readonly goroutine: GoroutineDefaults
  readonly sources: SourceDefaults
  readonly access: AccessRules
  /** Takes profiles by itself; begins when the app is ready, ends before it closes. */
  readonly recorder?: AppRecorder | undefined
}

/** How it takes what nobody asked for in person. */
export interface RecorderHands {
  readonly take: TakeProfile
  readonly last: LastProfile
}

export interface AppRecorder {
  begin(hands: RecorderHands): void | Promise<void>
  /** Resolves when nothing runs any more. Also called where it never began. */
  end(): Promise<void>
}

/** Each waiting capture holds a connection; browsers, scrapers and health checks come on top. */
const connectionsBesideCaptures = 192

export function buildApp(services: Services, options: ServerOptions): FastifyInstance {
  const { limits, profile, heap, goroutine, sources, recorder } = options
  const outbox = new Outbox(limits)
  const admission = new CaptureAdmission(limits, outbox)
  const metrics = new DaemonMetrics({ targets: services.targets, admission, outbox })
  const app = createFastify(options)
  app.server.maxConnections = limits.captures + connectionsBesideCaptures
  // Node drops the headers beyond its limit in silence, and with them what the guard has to see.
  app.server.maxHeadersCount = 0
  refuseUpgrades(app.server)
  watchConnections(app.server)

  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    // pprof posts the first; the second is what `curl -d` says of the same bytes.
    ['application/octet-stream', 'application/x-www-form-urlencoded'],
    { parseAs: 'buffer' },
    (_request, body, done) => done(null, body),
  )
  app.setErrorHandler((error: FastifyError, request, reply) => {
    metrics.refused(reasonOf(error))
    return answerError(error, request, reply)
  })
  app.setNotFoundHandler((_request, reply) =>
    sendFailure(reply, 404, 'no such page; / lists the targets and their pages'),
  )
  app.addHook('onRequest', async (request, reply) => {
    const refused = refuse(request, reply)
    if (refused) metrics.refused('guard')
    return refused
  })
  app.addHook('onRequest', async (request, reply) => {
    const refused = await admit(request, reply, options.access)
    if (refused) metrics.refused('access')
    return refused
  })
  const connections = new ConnectionLimit(limits)
  app.addHook('onRequest', async (request, reply) => {
    const refusal = connections.refusalOf(request.raw)
    if (refusal) metrics.refused('connections')
    // The connection ends with the answer.
    if (refusal) reply.headers({ 'Retry-After': 1, Connection: 'close' })
    return refusal && sendFailure(reply, 429, refusal)
  })
  app.addHook('onSend', async (_request, reply, payload) => holdAnswer(outbox, reply, payload))
  app.addHook('preClose', async () => {
    await Promise.all([recorder?.end(), admission.close()])
    // The aborted captures' answers are written in this turn; afterwards connections are cut.
    await new Promise((resolve) => setImmediate(resolve))
  })
  const symbols = new SymbolTable()
  const settings = { limits, profile, heap, goroutine, sources }
  const analyses = new SnapshotAnalyses()
  const captures = new CaptureList((kind, end) => metrics.captureEnded(kind, end))
  const conversions = new Conversions()
  app.addHook('onClose', () => conversions.close())
  const results = new ResultStore()
  app.addHook('onClose', async () => results.clear())
  const held = {
    admission,
    captures,
    conversions,
    outbox,
    symbols,
    analyses,
    results,
    metrics,
  }
  const context = { ...services, ...settings, ...held }
  registerRoutes(app, context)
  if (recorder) {
    const hands = { take: profileTaker(context, options.logger), last: lastProfile(context) }
    app.addHook('onReady', async () => recorder.begin(hands))
  }
  return app
}

/** Sizes and times that bound what a connection may cost before it has a right to anything. */
function createFastify({ logger, limits }: ServerOptions): FastifyInstance {
  return fastify({
    loggerInstance: logger,
    // One line per capture is written by its route; the rest would drown it.
    logController: new LogController({ disableRequestLogging: true }),
    http: {
      // Our requests have a few short headers; Node's default is 16 KiB.
      maxHeaderSize: 8192,
      headersTimeout: 5000,
      connectionsCheckingInterval: 1000,
      // The guard refuses a request without Host, in the form that clients show.
      requireHostHeader: false,
    },
    requestTimeout: 5000,
    // Nothing passes on the connection while a capture runs: the longest one, and a minute to convert.
    connectionTimeout: (limits.maxSeconds + 60) * 1000,
    // 5,000 addresses of pprof's symbol request fit.
    bodyLimit: 64 * 1024,
    trustProxy: false,
    // No route has a schema: their compilers would be loaded, and kept, for nothing.
    schemaController: {
      compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas },
    },
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    // The admission refuses captures while closing, with a sentence instead of fastify's JSON.
    return503OnClosing: false,
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => {
      // A URL that cannot be decoded reaches no hook.
      if (refuse(request, reply) === undefined) answerError(error, request, reply)
    },
  })
}

function noSchemas(): never {
  throw new Error('routes here check their parameters themselves')
}

/** Sets the headers of every answer and, where the guard objects, answers. */
function refuse(request: FastifyRequest, reply: FastifyReply): FastifyReply | undefined {
  reply.headers(responseHeaders)
  const refusal = judgeRequest(request.raw)
  if (refusal === undefined) return undefined
  if (refusal.allow !== undefined) reply.header('Allow', refusal.allow)
  return sendFailure(reply, refusal.status, refusal.reason)
}

/** A whole answer waits in our memory until its client has taken it, or there is no room for it. */
function holdAnswer(outbox: Outbox, reply: FastifyReply, payload: unknown): unknown {
  const sizeBytes =
    typeof payload === 'string' || payload instanceof Uint8Array ? payload.length : 0
  if (outbox.hasRoomFor(sizeBytes)) {
    outbox.holdUntilSent(reply.raw, sizeBytes)
    return payload
  }
  const { message, retryAfterSeconds } = answersWait()
  reply.code(429).removeHeader('Content-Disposition').removeHeader('Content-Length')
  reply.headers({ 'Retry-After': retryAfterSeconds, 'X-Go-Pprof': '1' })
  reply.type('text/plain; charset=utf-8')
  return `${message}\n`
}
