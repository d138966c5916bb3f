/**
 * The one place that turns errors into answers, in the form of Go's net/http/pprof: `go tool pprof`
 * shows the body only where Content-Type is text/plain and X-Go-Pprof is set.
 */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { type ErrorCode, OperationalError } from '../errors.ts'
import { CapturesExhausted } from './capture-admission.ts'

const statusOf: Readonly<Record<ErrorCode, number>> = {
  'target-unknown': 404,
  'target-ambiguous': 400,
  // It was there and will not come back under this name: a scraper may drop it for good.
  'target-vanished': 410,
  'target-refused': 409,
  'pause-too-long': 409,
  'census-refused': 409,
  'memory-too-large': 409,
  'capture-too-costly': 409,
  'not-recorded': 409,
  'door-closed': 409,
  'target-forbidden': 403,
  'attach-failed': 502,
  'session-closed': 502,
  'message-too-large': 502,
  'command-timeout': 504,
  'command-failed': 502,
  'captures-exhausted': 429,
  'recording-invalid': 502,
  // Seen only by clients that are still there, so it is pprofd that is stopping.
  'capture-aborted': 503,
  // Not 503: nobody shall try again what somebody wanted to end.
  'capture-ended': 409,
  'profile-not-kept': 500,
  'parameter-invalid': 400,
  'config-invalid': 500,
}

/** What fastify itself refuses, said in our words. */
const frameworkSentences: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'the body is too large: at most 65536 bytes of addresses are read',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'the body must be addresses as application/octet-stream',
  FST_ERR_BAD_URL: 'the path of the URL has a broken % escape',
  FST_ERR_MAX_PARAM_LENGTH: 'the name of the target is too long',
}

export function answerError(
  error: FastifyError | Error,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (error instanceof OperationalError) {
    const { code }: OperationalError = error
    if (error instanceof CapturesExhausted) reply.header('Retry-After', error.retryAfterSeconds)
    return sendFailure(reply, statusOf[code], sentenceOf(error))
  }
  const known = 'code' in error ? frameworkSentences[error.code] : undefined
  if (known !== undefined && 'statusCode' in error) {
    return sendFailure(reply, error.statusCode ?? 400, known)
  }
  if (request.raw.destroyed && !request.raw.complete) {
    return sendFailure(reply, 400, 'the request ended before its body did')
  }
  request.log.error({ err: error, requestId: request.id }, 'request failed')
  const sentence = `internal error: the details are in pprofd's log under request ${request.id}`
  return sendFailure(reply, 500, sentence)
}

/** The error in one of few words: what clients send never becomes one. */
export function reasonOf(error: Error): string {
  if (error instanceof OperationalError) return error.code
  const isKnown = 'code' in error && String(error.code) in frameworkSentences
  return isKnown ? 'request-invalid' : 'internal-error'
}

/** An answer in the form of Go's serveError. */
export function sendFailure(reply: FastifyReply, status: number, sentence: string): FastifyReply {
  return reply
    .code(status)
    .removeHeader('Content-Disposition')
    .type('text/plain; charset=utf-8')
    .header('X-Go-Pprof', '1')
    .send(`${sentence.trimEnd()}\n`)
}

function sentenceOf({ message, tryNext }: OperationalError): string {
  if (tryNext === undefined) return message
  return `${message.replace(/\.$/, '')}; try: ${tryNext}`
}
