/** The types of the sections `spool` and `push`, and what their schemas cannot say. */

export interface SpoolOptions {
  /** Absolute path; undefined: below the state folder. */
  readonly dir?: string
  /** Of disk. */
  readonly maxBytes: number
  /** Undefined: for as long as there is room. */
  readonly maxAgeHours?: number
}

export type PushKind =
  | 'profile'
  | 'wall'
  | 'heap'
  | 'allocs'
  | 'goroutine'
  | 'block'
  | 'mutex'
  | 'retained'

export interface PushOptions {
  /** Without user and password; undefined: nothing is pushed. */
  readonly url?: string
  readonly format: 'pyroscope' | 'parca'
  /** Seconds from one round to the next; 0: no rounds. */
  readonly every: number
  readonly profiles: readonly PushKind[]
  /** Of each profile of a round. */
  readonly seconds: number
  /** Absolute path. */
  readonly tokenFile?: string
  /** Of Basic authentication; undefined: Bearer. */
  readonly user?: string
  readonly tenant?: string
  /** Whether http may carry the token to another host. */
  readonly allowPlainToken: boolean
  /** Of disk. */
  readonly maxQueueBytes: number
}

/** The rest of a sentence that begins with `push.url`; undefined: it is fit. It repeats no password. */
export function pushUrlProblem(options: PushOptions): string | undefined {
  const { url, tokenFile, allowPlainToken } = options
  if (url === undefined) return undefined
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    return 'is no URL that begins with http:// or https://'
  }
  if (parsed.username !== '' || parsed.password !== '') {
    return 'has a user or password in it, which logs and ps would show; use push.user and push.tokenFile'
  }
  if (parsed.search !== '' || parsed.hash !== '') return 'has a query or a fragment'
  if (parsed.protocol === 'https:' || tokenFile === undefined || allowPlainToken) return undefined
  if (/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(parsed.hostname)) return undefined
  return 'is http to another host, so that everybody on the way reads the token of push.tokenFile; use https, or set push.allowPlainToken: true'
}
