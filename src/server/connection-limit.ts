/**
 * How many connections one user may hold, so that nobody keeps the others out. A connection counts from
 * its first request on: who is behind it is not known before, and one that sends none is closed soon.
 */
import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { callerOf } from './caller.ts'

export class ConnectionLimit {
  readonly #limits: { readonly connectionsPerUid: number }
  /** Users that are not known are one. */
  readonly #open = new Map<number | undefined, number>()
  readonly #counted = new WeakSet<Socket>()

  constructor(limits: { readonly connectionsPerUid: number }) {
    this.#limits = limits
  }

  /** Why the request is not served: its user has too many connections. */
  refusalOf(request: IncomingMessage): string | undefined {
    const { socket } = request
    // A request that never came by a connection has none.
    if (!(socket instanceof Socket) || this.#counted.has(socket)) return undefined
    const { uid } = callerOf(request)
    const open = this.#open.get(uid) ?? 0
    const limit = this.#limits.connectionsPerUid
    if (open >= limit) {
      return `${open} connections of this user are open and the limit is ${limit}; close some`
    }
    this.#counted.add(socket)
    this.#open.set(uid, open + 1)
    socket.once('close', () => this.#forget(uid))
    return undefined
  }

  #forget(uid: number | undefined): void {
    const open = (this.#open.get(uid) ?? 1) - 1
    if (open === 0) this.#open.delete(uid)
    else this.#open.set(uid, open)
  }
}
