/**
 * Listening on a socket that somebody else has opened, as systemd does (systemd.socket(5)). It is held to
 * the rules of `listen`: loopback, or a unix socket that not everybody may use.
 */
import { statSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { InputError } from '../errors.ts'

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
    // fastify knows of no fd, and passes the options on to net.Server, which takes it before the host.
    const options = { fd: this.#fd, host: '127.0.0.1', listenTextResolver: () => 'server bound' }
    await app.listen(options).catch((cause) => {
      throw refusal('is none that connections can be accepted on; write ListenStream=', cause)
    })
    // All in one turn of the event loop: nothing is accepted before it ends.
    const address = app.server.address()
    const problem = problemOf(address)
    if (problem === undefined) return show(address)
    await app.close()
    throw refusal(problem)
  }
}

function problemOf(address: AddressInfo | string | null): string | undefined {
  if (address === null) return 'has no address'
  if (typeof address === 'string') {
    return address.startsWith('/')
      ? accessProblem(address)
      : 'is an abstract unix socket, which every user may use'
  }
  if (address.address === '127.0.0.1' || address.address === '::1') return undefined
  return `listens on ${show(address)}, which is not loopback; write ListenStream=127.0.0.1:8081`
}

/** systemd's default SocketMode= is 0666. */
function accessProblem(path: string): string | undefined {
  if ((statSync(path).mode & 0o002) === 0) return undefined
  return `is ${path}, which every user may use; set SocketMode=0600 or 0660`
}

function show(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') return String(address)
  const { address: host, port } = address
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

function refusal(problem: string, cause?: unknown): InputError {
  return new InputError('config-invalid', `the socket that systemd passed ${problem}`, { cause })
}
