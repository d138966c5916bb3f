import type { Handler, ServerContext } from '../context.ts'

/** GET /healthz: `ok` while the daemon serves. It looks at no target. */
export function healthzHandler(_context: ServerContext): Handler {
  return (_request, reply) => reply.type('text/plain; charset=utf-8').send('ok\n')
}
