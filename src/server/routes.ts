/** Every URL of pprofd. What belongs to a target exists at the root, for the default one, too. */
import type { FastifyInstance } from 'fastify'
import type { ServerContext } from './context.ts'
import { captureHandler, capturesHandler, endCaptureHandler } from './routes/captures.ts'
import { cmdlineHandler } from './routes/cmdline.ts'
import { contentionHandler } from './routes/contention.ts'
import { fgtraceHandler } from './routes/fgtrace.ts'
import { goroutineHandler } from './routes/goroutine.ts'
import { healthzHandler } from './routes/healthz.ts'
import { heapHandler } from './routes/heap.ts'
import { heapSnapshotHandler } from './routes/heapsnapshot.ts'
import { indexHandler, redirectToIndex, unknownProfile } from './routes/index-page.ts'
import { landingHandler } from './routes/landing.ts'
import { memoryHandler } from './routes/memory.ts'
import { metricsHandler } from './routes/metrics.ts'
import { openapiHandler } from './routes/openapi.ts'
import { pageCaptureHandler } from './routes/page-captures.ts'
import { pageResultFileHandler, pageResultsHandler } from './routes/page-results.ts'
import { pageTargetsHandler } from './routes/page-targets.ts'
import { panicparseHandler } from './routes/panicparse.ts'
import { profileHandler } from './routes/profile.ts'
import { retainedHandler } from './routes/retained.ts'
import { rulesHandler } from './routes/rules.ts'
import { sdHandler } from './routes/sd.ts'
import { stallsHandler } from './routes/stalls.ts'
import { symbolHandler } from './routes/symbol.ts'
import { preflightHandler, targetHandler, targetsHandler } from './routes/targets.ts'
import { threadcreateHandler } from './routes/threadcreate.ts'
import { traceHandler } from './routes/trace.ts'
import { pageAssetHandler, perfettoHandler, speedscopeHandler } from './routes/ui-assets.ts'
import { wallHandler } from './routes/wall.ts'

export function registerRoutes(app: FastifyInstance, context: ServerContext): void {
  app.get('/', landingHandler(context))
  app.get('/captures', capturesHandler(context))
  app.get('/captures/:id', captureHandler(context))
  app.delete('/captures/:id', endCaptureHandler(context))
  app.get('/healthz', healthzHandler(context))
  app.get('/metrics', metricsHandler(context))
  app.get('/openapi.json', openapiHandler(context))
  app.get('/sd', sdHandler(context))
  app.get('/rules', rulesHandler(context))
  app.get('/stalls', stallsHandler(context))
  app.get('/targets', targetsHandler(context))
  app.get('/targets/:target', targetHandler(context))
  app.get('/targets/:target/memory', memoryHandler(context))
  app.get('/targets/:target/preflight', preflightHandler(context))
  app.post('/ui/captures', pageCaptureHandler(context))
  app.get('/ui/page/:version/:file', pageAssetHandler)
  app.get('/ui/perfetto/', perfettoHandler)
  app.get('/ui/results', pageResultsHandler(context))
  app.get('/ui/results/:id/:file', pageResultFileHandler(context))
  app.get('/ui/speedscope/', speedscopeHandler)
  app.get('/ui/speedscope/:file', speedscopeHandler)
  app.get('/ui/targets', pageTargetsHandler(context))

  for (const prefix of ['', '/targets/:target']) {
    app.get(`${prefix}/debug/fgtrace`, fgtraceHandler(context))
    app.get(`${prefix}/debug/heapsnapshot`, heapSnapshotHandler(context))
    app.get(`${prefix}/debug/panicparse`, panicparseHandler(context))
    app.get(`${prefix}/debug/pprof`, redirectToIndex)
    app.get(`${prefix}/debug/pprof/`, indexHandler(context))
    app.get(`${prefix}/debug/pprof/allocs`, heapHandler(context, 'allocs'))
    app.get(`${prefix}/debug/pprof/block`, contentionHandler(context, 'block'))
    app.get(`${prefix}/debug/pprof/cmdline`, cmdlineHandler(context))
    app.get(`${prefix}/debug/pprof/goroutine`, goroutineHandler(context))
    app.get(`${prefix}/debug/pprof/heap`, heapHandler(context, 'heap'))
    app.get(`${prefix}/debug/pprof/mutex`, contentionHandler(context, 'mutex'))
    app.get(`${prefix}/debug/pprof/profile`, profileHandler(context))
    app.get(`${prefix}/debug/pprof/retained`, retainedHandler(context))
    app.get(`${prefix}/debug/pprof/symbol`, symbolHandler(context))
    app.post(`${prefix}/debug/pprof/symbol`, symbolHandler(context))
    app.get(`${prefix}/debug/pprof/threadcreate`, threadcreateHandler(context))
    app.get(`${prefix}/debug/pprof/trace`, traceHandler(context))
    app.get(`${prefix}/debug/pprof/wall`, wallHandler(context))
    app.get(`${prefix}/debug/pprof/*`, unknownProfile)
  }
}
