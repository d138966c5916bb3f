import type { Socket } from 'node:net'

/**
 * Whether the kernel still has the peer of a TCP socket: after a reset it has not, whether Node has
 * noticed or, because a request's body waits unread, cannot. `remoteAddress` is what it was at first,
 * so that getpeername(2) has to be called by Node's handle of the socket. False where there is none.
 */
export function isConnected(socket: Socket): boolean {
  const handle: unknown = '_handle' in socket ? socket._handle : undefined
  if (typeof handle !== 'object' || handle === null || !('getpeername' in handle)) return false
  const { getpeername } = handle
  return typeof getpeername === 'function' && getpeername.call(handle, {}) === 0
}
