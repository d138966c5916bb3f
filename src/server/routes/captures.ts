/** /captures: who takes what of which target right now, and took lately; DELETE ends one. */
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { rightsOf } from '../access.ts'
import { callerOf } from '../caller.ts'
import type { CaptureView } from '../capture-list.ts'
import { capturesPage, capturesPolicy } from '../captures-page.ts'
import type { ServerContext } from '../context.ts'
import { sendFailure } from '../errors.ts'
import { jsonText } from '../json-text.ts'

type CaptureRequest = FastifyRequest<{ Params: { id?: string } }>
type CaptureHandler = (request: CaptureRequest, reply: FastifyReply) => unknown

/** A target is restored within milliseconds; one that hangs takes until limits.commandTimeoutMs. */
const endTimeoutMs = 5000

/** GET /captures: JSON, or a page for whoever accepts one. */
export function capturesHandler({ captures }: ServerContext): CaptureHandler {
  return (request, reply) => {
    const views = captures.all().filter(isSeenBy(request))
    if (!wantsPage(request)) return sendJson(reply, { captures: views.map(describe) })
    return reply
      .type('text/html; charset=utf-8')
      .header('Content-Security-Policy', capturesPolicy)
      .send(capturesPage(views, request.host).html)
  }
}

/** GET /captures/<id>: one of them. */
export function captureHandler({ captures }: ServerContext): CaptureHandler {
  return (request, reply) => {
    const view = captures.find(request.params.id ?? '')
    if (view === undefined || !isSeenBy(request)(view)) return sendUnknown(reply)
    return sendJson(reply, describe(view))
  }
}

/** DELETE /captures/<id>: ends it; answers when its target is restored. */
export function endCaptureHandler({ captures }: ServerContext): CaptureHandler {
  return async (request, reply) => {
    const id = request.params.id ?? ''
    const found = captures.find(id)
    if (found === undefined || !isSeenBy(request)(found)) return sendUnknown(reply)
    const capture = captures.running(id)
    if (capture === undefined) {
      return sendFailure(reply, 409, `this capture has ended already: ${found.outcome}`)
    }
    const caller = callerOf(request.raw)
    const { kind, target } = capture.start
    const who = {
      capture: id,
      kind,
      target: target.id,
      targetPid: target.pid,
      uid: caller.uid ?? null,
      address: caller.address,
    }
    request.log.info({ ...who, outcome: 'ok' }, 'capture ended by DELETE')
    capture.giveUp(caller)
    const waiting = new AbortController()
    const timeUp = delay(endTimeoutMs, undefined, { signal: waiting.signal }).catch(() => undefined)
    const view = await Promise.race([capture.ended, timeUp])
    waiting.abort()
    if (view !== undefined) return sendJson(reply, describe(view))
    return sendJson(reply.code(202), describe(capture.view()))
  }
}

/** Others than root and pprofd's own user see, and end, only what is theirs. */
function isSeenBy(request: CaptureRequest): (view: Pick<CaptureView, 'caller'>) => boolean {
  if (rightsOf(request) === undefined) return () => true
  const { uid } = callerOf(request.raw)
  return ({ caller }) => uid !== undefined && caller.uid === uid
}

/** Browsers name HTML first; curl and scripts take anything. */
function wantsPage({ headers: { accept = '' } }: CaptureRequest): boolean {
  return /\btext\/html\b/i.test(accept)
}

function sendUnknown(reply: FastifyReply): FastifyReply {
  return sendFailure(
    reply,
    404,
    'no such capture; /captures lists those that run and the last that ended',
  )
}

function describe(view: CaptureView): object {
  const { id, kind, state, target, caller, parameters, startedAt, durationMs, elapsedMs } = view
  const {
    outcome = null,
    reason = null,
    pauseMs = null,
    sentBytes = null,
    sharedWith = null,
  } = view
  return {
    id,
    kind,
    state,
    target,
    caller: { uid: caller.uid ?? null, address: caller.address },
    parameters,
    startedAt,
    durationMs,
    elapsedMs,
    sentBytes,
    pauseMs,
    sharedWith,
    outcome,
    reason,
  }
}

function sendJson(reply: FastifyReply, value: object): FastifyReply {
  return reply.type('application/json; charset=utf-8').send(jsonText(value))
}
