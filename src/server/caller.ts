/** Who is behind a request, as far as the kernel tells; what is logged of them and limits are counted by. */
import type { IncomingMessage } from 'node:http'

export interface Caller {
  /** The user whose process holds the other end of the connection; through `ssh -L` the login's. Undefined: not known. */
  readonly uid: number | undefined
  /** `127.0.0.1:52114`; `unix` for the socket. */
  readonly address: string
}

export function callerOf({ socket }: Pick<IncomingMessage, 'socket'>): Caller {
  const { remoteAddress, remotePort } = socket
  return {
    uid: undefined,
    address: remoteAddress === undefined ? 'unix' : `${remoteAddress}:${remotePort}`,
  }
}
