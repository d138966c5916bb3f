/** Who is behind a request, as far as the kernel tells; what is logged of them and limits are counted by. */
import { lstat } from 'node:fs/promises'
import type { IncomingMessage, Server } from 'node:http'
import { Socket } from 'node:net'
import { PeerUids } from '../access/peer-uids.ts'
import { isConnected } from './is-connected.ts'

export interface Caller {
  /** The user whose process holds the other end of the connection; through `ssh -L` the login's. Undefined: not known. */
  readonly uid: number | undefined
  /** `127.0.0.1:52114`; `unix` for the socket. */
  readonly address: string
}

/** A caller, and how it came in. */
export interface KnownCaller extends Caller {
  /**
   * `private-socket`: a unix socket that only root and the daemon's own user can open; `open-socket`: one
   * that others can, too; `in-process`: `app.inject`, which no connection can look like.
   */
  readonly via: 'tcp' | 'private-socket' | 'open-socket' | 'in-process'
}

interface Connection {
  readonly found: Promise<KnownCaller>
  caller: KnownCaller | undefined
}

/** By socket, from the moment it was accepted; every real one is here. */
const connections = new WeakMap<object, Connection>()

/** Paths of unix sockets that Node did not bind itself, and so does not know. */
const passedPaths = new WeakMap<Server, string>()

/** To be told before the first connection is accepted. */
export function tellPath(server: Server, path: string): void {
  passedPaths.set(server, path)
}

/** `uid` is known once the hook of access.ts has run, which is before any route does. */
export function callerOf({ socket }: Pick<IncomingMessage, 'socket'>): Caller {
  const known = connections.get(socket)?.caller
  return { uid: known?.uid, address: known?.address ?? addressOf(socket) }
}

/** Begins to find out who is behind each connection as it comes in: once, however many requests follow. */
export function watchConnections(server: Server, peers = new PeerUids()): void {
  server.on('connection', (socket: Socket) => {
    const connection: Connection = { found: identify(server, socket, peers), caller: undefined }
    connections.set(socket, connection)
    // Whoever waits for it sees the failure.
    connection.found.then(
      (caller) => {
        connection.caller = caller
      },
      () => undefined,
    )
  })
}

/** Undefined: nobody can tell, which is no reason to let them in. */
export async function findCaller({
  socket,
}: Pick<IncomingMessage, 'socket'>): Promise<KnownCaller | undefined> {
  const connection = connections.get(socket)
  if (connection !== undefined) return connection.found
  if (socket instanceof Socket) return undefined
  return { uid: undefined, address: addressOf(socket), via: 'in-process' }
}

async function identify(server: Server, socket: Socket, peers: PeerUids): Promise<KnownCaller> {
  // What the listener is says the listener: the peer's address is missing also where it has hung up.
  const listener = server.address() ?? passedPaths.get(server)
  if (typeof listener === 'string') {
    const via = (await isPrivate(listener)) ? 'private-socket' : 'open-socket'
    return { uid: undefined, address: 'unix', via }
  }
  const address = addressOf(socket)
  return { uid: await findUid(socket, peers), address, via: 'tcp' }
}

async function findUid(socket: Socket, peers: PeerUids): Promise<number | undefined> {
  const { localAddress, localPort, remoteAddress, remotePort } = socket
  if (process.platform !== 'linux' || !localAddress || !localPort || !remoteAddress || !remotePort)
    return undefined
  const uid = await peers.find({ localAddress, localPort, remoteAddress, remotePort })
  // Had the peer hung up before, its port could have been another user's when the table was read.
  return isConnected(socket) ? uid : undefined
}

/** Opening a socket takes the right to write; access control lists show as the group's rights. */
async function isPrivate(path: string): Promise<boolean> {
  const stat = await lstat(path).catch(() => undefined)
  if (stat === undefined || !stat.isSocket() || (stat.mode & 0o022) !== 0) return false
  return stat.uid === 0 || stat.uid === process.geteuid?.()
}

function addressOf({ remoteAddress, remotePort }: Socket): string {
  if (remoteAddress === undefined) return 'unix'
  return remoteAddress.includes(':')
    ? `[${remoteAddress}]:${remotePort}`
    : `${remoteAddress}:${remotePort}`
}
