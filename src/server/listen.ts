/**
 * Where the daemon is reached: loopback or a unix socket. A port or path that is taken is an error,
 * never a reason to take another one: a tunnel would lead to whoever was there first.
 */
import { chmod, lchown, lstat, unlink } from 'node:fs/promises'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { SocketPermissions } from '../access/access-rules.ts'
import { InputError } from '../errors.ts'

export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: '127.0.0.1' | '::1'; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/** Resolves to `http://127.0.0.1:8081`, with the port that was bound, or to the socket's path. */
export async function listen(
  app: FastifyInstance,
  address: ListenAddress,
  permissions: SocketPermissions = { mode: 0o600, gid: undefined },
): Promise<string> {
  try {
    if (address.kind === 'unix') return await listenOnSocket(app, address.path, permissions)
    return await app.listen({
      host: address.host,
      port: address.port,
      listenTextResolver: (url) => `server bound to ${url}`,
    })
  } catch (error) {
    throw explain(error, address)
  }
}

async function listenOnSocket(
  app: FastifyInstance,
  path: string,
  { mode, gid }: SocketPermissions,
): Promise<string> {
  await removeStaleSocket(path)
  // Mode 0600 from the moment the socket exists; chmod afterwards would leave a gap.
  const umask = process.umask(0o177)
  try {
    await app.listen({ path, listenTextResolver: () => `server bound to ${path}` })
  } finally {
    process.umask(umask)
  }
  // Only wider from here, and only once the group is the right one.
  if (gid !== undefined) await changeGroup(path, gid)
  if (mode !== 0o600) await chmod(path, mode)
  return path
}

async function changeGroup(path: string, gid: number): Promise<void> {
  try {
    await lchown(path, process.geteuid?.() ?? -1, gid)
  } catch (cause) {
    throw new InputError(
      'config-invalid',
      `access.socketGroup is ${gid}, but pprofd may not give ${path} to that group; run it as root or as a member of the group`,
      { cause },
    )
  }
}

/** A daemon that was killed leaves its socket file behind; nobody answers on it. */
async function removeStaleSocket(path: string): Promise<void> {
  const stat = await lstat(path).catch(() => undefined)
  if (stat === undefined) return
  if (!stat.isSocket()) {
    throw new InputError(
      'config-invalid',
      `cannot listen on ${path}: it exists and is not a socket; choose another path or remove it`,
    )
  }
  if (await isRefused(path)) await unlink(path)
}

async function isRefused(path: string): Promise<boolean> {
  const socket = connect(path)
  const answer = new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(false))
    socket.once('error', (error) => resolve('code' in error && error.code === 'ECONNREFUSED'))
  })
  // A live daemon accepts at once; a second covers one whose backlog is full.
  const refused = await Promise.race([answer, delay(1000, false, { ref: false })])
  socket.destroy()
  return refused
}

function explain(error: unknown, address: ListenAddress): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const shown = address.kind === 'unix' ? address.path : hostAndPort(address.host, address.port)
  const reason = typeof code === 'string' ? reasons[code] : undefined
  if (reason === undefined) return error
  return new InputError('config-invalid', `cannot listen on ${shown}: ${reason}`, { cause: error })
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there already; stop it or set listen to another address',
  EACCES: 'pprofd may not use this address; set listen to a port above 1023 or a path it may write',
  EADDRNOTAVAIL: 'this machine has no such address; set listen to 127.0.0.1',
  ENOENT: 'its directory does not exist; create it or set listen to another path',
}

function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
