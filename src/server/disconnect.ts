/** One controller from the request's socket to the last await of a capture. */
import type { FastifyReply } from 'fastify'
import { CaptureError } from '../errors.ts'

/** Aborts when the client goes away before it has its answer. */
export function abortOnDisconnect(reply: FastifyReply): AbortController {
  const abort = new AbortController()
  // The response's event, not the request's: that one also comes when a request was read to its end.
  reply.raw.once('close', () => {
    if (reply.raw.writableFinished) return
    const { errored } = reply.raw
    const left = new CaptureError('capture-aborted', 'the client left before the capture ended')
    // It was we who cut the answer, and said why.
    abort.abort(errored instanceof CaptureError ? errored : left)
  })
  return abort
}
