/**
 * The `listen` option. Whoever reaches pprofd can profile processes and read their code, so only
 * loopback and unix sockets can be written down; remote access is an ssh tunnel.
 */
import { posix } from 'node:path'
import { InputError } from '../errors.ts'
import type { ListenAddress } from './config.ts'

/** sun_path of Linux has 108 bytes, the last one is the final NUL. */
const maxSocketPathBytes = 107

const loopbackOnly =
  'pprofd listens on loopback (127.0.0.1 or [::1]) or a unix socket only, because whoever ' +
  'reaches it can profile processes; from another machine use an ssh tunnel: ' +
  'ssh -L 8081:127.0.0.1:8081 HOST'

/** Throws InputError config-invalid for what `listenProblem` finds. */
export function parseListen(text: string): ListenAddress {
  const result = read(text)
  if (typeof result === 'string') throw new InputError('config-invalid', `listen ${result}`)
  return result
}

/** Why `text` cannot be listened on, as the rest of a sentence; undefined if it can. */
export function listenProblem(text: string): string | undefined {
  const result = read(text)
  return typeof result === 'string' ? result : undefined
}

/** The text that `parseListen` reads as this address. */
export function formatListen(address: ListenAddress): string {
  if (address.kind === 'unix') return address.path
  return address.host === '::1' ? `[::1]:${address.port}` : `${address.host}:${address.port}`
}

function read(text: string): ListenAddress | string {
  if (text.startsWith('/')) return readSocketPath(text)
  if (text.startsWith('unix:')) return readSocketPath(text.slice('unix:'.length))
  const [, host = '', portText = ''] = /^(.*):([^:\]]*)$/s.exec(text) ?? []
  const shown = JSON.stringify(text.slice(0, 100))
  if (/^[0-9]+$/.test(text)) return `is ${shown}, a port without a host; write 127.0.0.1:${text}`
  if (text === '127.0.0.1' || text === '[::1]' || text === 'localhost') {
    return `is ${shown}, which has no port; write ${text}:8081`
  }
  if (text === '::1' || host === ':' || host === '::1') {
    return `is ${shown}; an IPv6 address needs brackets: [::1]:8081`
  }
  if (host !== '127.0.0.1' && host !== '[::1]' && host !== 'localhost') {
    return `is ${shown}, which is refused: ${loopbackOnly}`
  }
  const port = /^(0|[1-9][0-9]{0,4})$/.test(portText) ? Number(portText) : Number.NaN
  if (!(port <= 65_535)) return `is ${shown}; its port must be a number from 0 to 65535`
  // Not the name: a resolver could answer it with anything.
  return { kind: 'tcp', host: host === '[::1]' ? '::1' : '127.0.0.1', port }
}

function readSocketPath(text: string): ListenAddress | string {
  const shown = JSON.stringify(text.slice(0, 200))
  if (!text.startsWith('/')) return `names the unix socket ${shown}; its path must be absolute`
  if (text.includes('\0')) return 'names a unix socket with a NUL in its path'
  const path = posix.normalize(text).replace(/^\/\//, '/')
  if (path.endsWith('/')) return `names the unix socket ${shown}, which is a directory`
  if (Buffer.byteLength(path) > maxSocketPathBytes) {
    return `names a unix socket whose path is longer than ${maxSocketPathBytes} bytes: ${shown}`
  }
  return { kind: 'unix', path }
}
