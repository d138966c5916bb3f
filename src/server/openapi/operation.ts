/** What /openapi.json says of one route, beyond its path. */
import type { DeclaredParameters } from '../declared-parameters.ts'

/** What goes wrong, by status: each is one sentence as text/plain. */
export const refusals = {
  400: 'A parameter or the request is wrong, or several targets could be meant: the body lists the URLs to choose from.',
  401: 'Whoever asks is not let in without the token of access.tokenFile.',
  403: 'Whoever asks is not let in, or the configuration forbids the target or this profile of it.',
  404: 'There is no such target, capture or profile.',
  405: 'The path has other methods; Allow names them.',
  409: 'The pre-flight found a reason not to touch the target, it would cost too much (a limit of the configuration), or somebody ended the capture.',
  410: 'The target ended.',
  413: 'The body is above 64 KiB.',
  415: 'The body has another content type.',
  429: 'Too many captures, connections or waiting answers; Retry-After says in how many seconds to come back.',
  500: 'A fault of pprofd; the details are in its log.',
  502: 'The target did not let itself be attached to, or sent nothing usable.',
  503: 'pprofd is stopping; the capture was ended and the target restored.',
  504: 'The target did not answer a command in time.',
} as const

export type RefusalStatus = keyof typeof refusals

/** Whoever asks anything may be told so. */
export const always: readonly RefusalStatus[] = [400, 401, 403, 405, 429, 500]

/** Of what looks a target up. */
export const ofTargets: readonly RefusalStatus[] = [...always, 404, 410]

/** Of what attaches to it. */
export const ofCaptures: readonly RefusalStatus[] = [...ofTargets, 409, 502, 503, 504]

/** What an answer's own headers mean. */
export const headers = {
  'Content-Disposition': 'A name for the file.',
  Location: 'Where the page is.',
  'X-Pprofd-Capture': 'The id of the capture: /captures/{id} tells of it, and DELETE ends it.',
  'X-Pprofd-Pid': 'Whose it is.',
  'X-Pprofd-Attach-Ms': 'How long attaching took, in ms.',
  'X-Pprofd-Start-Pause-Ms': 'Upper bound of the pause at the start, in ms.',
  'X-Pprofd-Stop-Pause-Ms': 'Upper bound of the pause at the end, in ms.',
  'X-Pprofd-Pause-Ms': 'Upper bound of the pause, in ms; of a heap snapshot it is a trailer.',
  'X-Pprofd-Cost-Ms': "How long the target's threads worked for the snapshot, in ms.",
  'X-Pprofd-Heap-Bytes': 'The used heap.',
  'X-Pprofd-Estimated-Bytes': 'Estimated size of the snapshot, from-to.',
  'X-Pprofd-Estimated-Pause-Ms': 'Estimated pause, from-to.',
  'X-Pprofd-Estimated-Target-Bytes': 'Estimated memory of the target for it, from-to.',
} as const

export type HeaderName = keyof typeof headers

export interface Answer {
  readonly description: string
  /** None: it has no body that says anything. */
  readonly contentTypes: readonly string[]
  readonly headers?: readonly HeaderName[]
}

export interface Operation {
  readonly method: 'get' | 'post' | 'delete'
  /** The path, with `{name}` where it has a parameter; below `/debug/` it exists below each target, too. */
  readonly path: string
  readonly tag: 'profiles' | 'targets' | 'captures' | 'pages' | 'daemon'
  readonly summary: string
  readonly description?: string | undefined
  readonly parameters: DeclaredParameters
  /** Content types of the body. */
  readonly body?: readonly string[]
  readonly answers: Readonly<Record<number, Answer>>
  readonly refusals: readonly RefusalStatus[]
  /** `/healthz` is for everybody. */
  readonly isOpen?: boolean
}
