/** /captures: who takes what of which target right now, and took lately; DELETE ends one. */
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Caller, callerOf } from '../caller.ts'
import type { CaptureView } from '../capture-list.ts'
import { capturesPage, capturesPolicy } from '../captures-page.ts'
import type { ServerContext } from '../context.ts'
import { sendFailure } from '../errors.ts'

type CaptureRequest = FastifyRequest<{ Params: { id?: string } }>
type CaptureHandler = (request: CaptureRequest, reply: FastifyReply) => unknown

/** A target is restored within milliseconds; one that hangs takes until limits.commandTimeoutMs. */
const endTimeoutMs = 5000

/** GET /captures: JSON, or a page for whoever accepts one. */
export function capturesHandler({ captures }: ServerContext): CaptureHandler {
  return (request, reply) => {
    const views = captures.all()
    if (!wantsPage(request)) return sendJson(reply, { captures: views.map(describe) })
    return reply
      .type('text/html; charset=utf-8')
      .header('Content-Security-Policy', capturesPolicy)
      .send(capturesPage(views, request.host).html)
  }
}

/** GET /captures/<id>: one of them. */
export function captureHandler({ captures }: ServerContext): CaptureHandler {
  return ({ params }, reply) => {
    const view = captures.find(params.id ?? '')
    return view === undefined ? sendUnknown(reply) : sendJson(reply, describe(view))
  }
}

/** DELETE /captures/<id>: ends it; answers when its target is restored. */
export function endCaptureHandler({ captures }: ServerContext): CaptureHandler {
  return async (request, reply) => {
    const id = request.params.id ?? ''
    const capture = captures.running(id)
    if (capture === undefined) {
      const ended = captures.find(id)
      if (ended === undefined) return sendUnknown(reply)
      return sendFailure(reply, 409, `this capture has ended already: ${ended.outcome}`)
    }
    const caller = callerOf(request.raw)
    const { kind, target, caller: owner } = capture.start
    const who = {
      capture: id,
      kind,
      target: target.id,
      targetPid: target.pid,
      uid: caller.uid ?? null,
      address: caller.address,
    }
    if (!mayEnd(caller, owner)) {
      request.log.warn({ ...who, outcome: 'forbidden' }, 'capture not ended')
      const sentence = `only uid ${owner.uid ?? 'of its caller'}, the user of pprofd and root may end this capture`
      return sendFailure(reply, 403, sentence)
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

/** Whose it is, root, and the user of the daemon, who could end the daemon as well. */
export function mayEnd({ uid }: Caller, owner: Caller, ownUid = process.getuid?.()): boolean {
  return uid === owner.uid || uid === 0 || (uid !== undefined && uid === ownUid)
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

/** Indented: people read these in curl. */
function sendJson(reply: FastifyReply, value: object): FastifyReply {
  const text = JSON.stringify(value, undefined, 2)
  return reply.type('application/json; charset=utf-8').send(`${text}\n`)
}
