/**
 * Listening on a socket that somebody else has opened, as systemd does (systemd.socket(5)). It is held to
 * the rules of `listen`: loopback, or a unix socket that not everybody may use.
 */
import { once } from 'node:events'
import { readFileSync, readlinkSync, statSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { InputError } from '../errors.ts'
import { tellPath } from './caller.ts'

/** A socket can be listened on once: closing the server closes it, and only systemd can pass it again. */
export class PassedSocket {
  readonly #fd: number
  #isGivenUp = false

  constructor(fd: number) {
    this.#fd = fd
  }

  /**
   * Resolves to `http://127.0.0.1:8081` or the socket's path, as `listen` does.
   * @throws {InputError} config-invalid.
   */
  async listen(app: FastifyInstance): Promise<string> {
    if (this.#isGivenUp) {
      throw new InputError(
        'config-invalid',
        'the socket that systemd passed was given up with enabled: false; restart the service to have it again',
      )
    }
    this.#isGivenUp = true
    // fastify's own listen knows of no descriptor, and its close ends connections only after that.
    app.addHook('preClose', async () => {
      app.server.close()
      app.server.closeAllConnections()
    })
    await app.ready()
    try {
      const isListening = once(app.server, 'listening')
      app.server.listen({ fd: this.#fd })
      await isListening
    } catch (cause) {
      throw refusal('is none that connections can be accepted on; write ListenStream=', cause)
    }
    // All in one turn of the event loop: nothing is accepted before it ends.
    const address = app.server.address() ?? unixAddress(this.#fd)
    const problem = typeof address === 'string' ? unixProblem(address) : tcpProblem(address)
    if (typeof address === 'string') tellPath(app.server, address)
    if (problem === undefined) return show(address)
    app.server.close()
    throw refusal(problem)
  }
}

/** Node does not know the path of a socket that it did not bind. See proc_pid_net(5). */
function unixAddress(fd: number): string {
  const inode = /\d+/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[0]
  for (const row of readFileSync('/proc/self/net/unix', 'utf8').split('\n')) {
    const [, found, path = ''] = /^(?:\S+ +){6}(\d+) ?(.*)$/.exec(row) ?? []
    if (found === inode) return path
  }
  return ''
}

function unixProblem(path: string): string | undefined {
  if (!path.startsWith('/')) return 'is an abstract unix socket, which every user may use'
  // systemd's default SocketMode= is 0666.
  if ((statSync(path).mode & 0o002) === 0) return undefined
  return `is ${path}, which every user may use; set SocketMode=0600 or 0660`
}

function tcpProblem(address: AddressInfo): string | undefined {
  if (address.address === '127.0.0.1' || address.address === '::1') return undefined
  return `listens on ${show(address)}, which is not loopback; write ListenStream=127.0.0.1:8081`
}

function show(address: AddressInfo | string): string {
  if (typeof address === 'string') return address
  const { address: host, port } = address
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

function refusal(problem: string, cause?: unknown): InputError {
  return new InputError('config-invalid', `the socket that systemd passed ${problem}`, { cause })
}
