import { rightsOf } from '../access.ts'
import type { Handler, ServerContext } from '../context.ts'
import { targetMetrics } from '../metrics/target-metrics.ts'

/**
 * GET /metrics: the daemon's work and the targets that the configuration opts in, as far as whoever asks
 * may use them, in Prometheus' text format 0.0.4. It attaches to nothing.
 */
export function metricsHandler({ targets, metrics, liveFigures }: ServerContext): Handler {
  return async (request, reply) => {
    const figures = await targets.scrapeFigures(await targets.optedIn(rightsOf(request)))
    const readings = figures.map((each) => ({ figures: each, live: liveFigures?.(each.target) }))
    const [own, theirs] = await Promise.all([metrics.text(), targetMetrics(readings)])
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(own + theirs)
  }
}
