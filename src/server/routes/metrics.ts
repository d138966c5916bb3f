import type { Handler, ServerContext } from '../context.ts'

/** GET /metrics: pprofd's own state in Prometheus' text format 0.0.4. It looks at no target. */
export function metricsHandler({ targets, admission, outbox }: ServerContext): Handler {
  return (_request, reply) => {
    const text = [
      '# HELP pprofd_inspector_left_open Inspectors that pprofd opened and could not close yet.',
      '# TYPE pprofd_inspector_left_open gauge',
      `pprofd_inspector_left_open ${targets.inspectorsLeftOpen}`,
      '# HELP pprofd_captures_running Captures that run now.',
      '# TYPE pprofd_captures_running gauge',
      `pprofd_captures_running ${admission.runningCount}`,
      '# HELP pprofd_answers_waiting_bytes Bytes of answers that wait for their clients.',
      '# TYPE pprofd_answers_waiting_bytes gauge',
      `pprofd_answers_waiting_bytes ${outbox.bytes}`,
    ].join('\n')
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(`${text}\n`)
  }
}
