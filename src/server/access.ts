/** Who may ask, after the guard has judged what is asked: by the user behind the connection, or by token. */
import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AccessRules } from '../access/access-rules.ts'
import { isToken, sentToken } from '../access/token-file.ts'
import type { TargetRights } from '../targets/target-rights.ts'
import { findCaller, type KnownCaller } from './caller.ts'
import { sendFailure } from './errors.ts'

/** Says only `ok`, so that health checks of any user may ask. */
const openRoutes: ReadonlySet<string | undefined> = new Set(['/healthz'])

/** Of requests that were let in; null: everything. */
const rightsOfRequest = new WeakMap<IncomingMessage, TargetRights | null>()

const noRights: TargetRights = { processesOf: 'nobody', deny: [] }

/** What whoever sent the request may do with targets; undefined: everything. */
export function rightsOf({ raw }: Pick<FastifyRequest, 'raw'>): TargetRights | undefined {
  const rights = rightsOfRequest.get(raw)
  return rights === null ? undefined : (rights ?? noRights)
}

/** Answers, with 401 or 403, whoever may not ask. The rules are read anew for each request. */
export async function admit(
  request: FastifyRequest,
  reply: FastifyReply,
  rules: AccessRules,
): Promise<FastifyReply | undefined> {
  const caller = await findCaller(request.raw).catch((error: unknown) => {
    request.log.error({ err: error }, 'cannot read which user a connection belongs to')
    return undefined
  })
  const standing = standingOf(caller, request.headers.authorization, rules)
  if (standing !== 'stranger') {
    rightsOfRequest.set(request.raw, standing === 'owner' ? null : guestRights(caller, rules))
    return undefined
  }
  if (openRoutes.has(request.routeOptions.url)) return undefined
  return refuse(reply, caller, rules)
}

type Standing = 'owner' | 'guest' | 'stranger'

function standingOf(
  caller: KnownCaller | undefined,
  authorization: string | undefined,
  { ownerUids, guestUids, token, knowsPeers }: AccessRules,
): Standing {
  const sent = token === undefined ? undefined : sentToken(authorization)
  const hasToken = token !== undefined && sent !== undefined && isToken(sent, token)
  if (caller?.via === 'in-process' || caller?.via === 'private-socket') return 'owner'
  if (caller?.via === 'open-socket') return 'guest'
  // Where nobody tells users apart, the token is all there is to prove.
  if (!knowsPeers) return token === undefined || hasToken ? 'owner' : 'stranger'
  if (caller?.uid !== undefined && ownerUids.has(caller.uid)) return 'owner'
  if (caller?.uid !== undefined && guestUids.has(caller.uid)) return 'guest'
  return hasToken ? 'guest' : 'stranger'
}

function guestRights(
  caller: KnownCaller | undefined,
  { targets, deny }: AccessRules,
): TargetRights {
  return { processesOf: targets === 'any' ? 'anybody' : (caller?.uid ?? 'nobody'), deny }
}

function refuse(
  reply: FastifyReply,
  caller: KnownCaller | undefined,
  { token, knowsPeers }: AccessRules,
): FastifyReply {
  const sentence = !knowsPeers
    ? 'pprofd wants its token'
    : caller?.uid === undefined
      ? 'the kernel does not say which user this connection belongs to; connect from this machine or through ssh -L, and keep the connection open until the answer comes'
      : `uid ${caller.uid} may not use this pprofd; whoever runs it can add the user to access.uids or access.groups of its configuration`
  if (token === undefined) return sendFailure(reply, 403, sentence)
  reply.header('WWW-Authenticate', 'Basic realm="pprofd"')
  const hint =
    'or send the token of access.tokenFile, as a Bearer token or as the password of any user'
  return sendFailure(reply, 401, `${sentence}; ${hint}`)
}
