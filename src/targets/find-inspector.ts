/** Finding the inspector that a process has open, by its own listening sockets: a port number proves nothing. */
import type { Dial } from '../inspector/dial.ts'
import { findEndpoint, type InspectorEndpoint } from '../inspector/endpoint.ts'
import {
  ipv4Listeners,
  type ListeningSocket,
  ownedBy,
  processListeners,
} from '../proc/listening-sockets.ts'
import { type InspectAddress, inspectAddress } from './inspect-options.ts'
import { dialFor } from './network.ts'
import { nodeOptions } from './node-options.ts'
import type { Target } from './target.ts'

export interface OpenInspector {
  readonly endpoint: InspectorEndpoint
  readonly socket: ListeningSocket
}

/**
 * The inspector answers within a few ms, from a thread of its own, also while JavaScript blocks. A
 * relay into a container has to start first.
 */
const probeTimeoutMs = 1000

/** Bounds the memory of a long-lived daemon. */
const maxRememberedSockets = 10_000

export class InspectorFinder {
  readonly #procRoot: string
  /** Inodes of sockets that are the application's own: each is asked once and then left in peace. */
  readonly #notInspectors = new Set<string>()

  constructor(procRoot: string) {
    this.#procRoot = procRoot
  }

  /** Undefined when the process has none open that 127.0.0.1 reaches. */
  async find(target: Target): Promise<OpenInspector | undefined> {
    const expected = await this.expectedAddress(target)
    const sockets = await processListeners(target.pid, target.uid, this.#procRoot)
    const candidates = sockets.filter(
      (socket) => isReachable(socket, expected) && !this.#notInspectors.has(socket.inode),
    )
    // The expected port first, so that the application's own listeners are asked only in need.
    const byLikelihood = [
      candidates.filter(({ port }) => port === expected.port),
      candidates.filter(({ port }) => port !== expected.port),
    ]
    for (const group of byLikelihood) {
      const found = await this.#findAmong(target, group)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** The inspector among the target's sockets for which `isWanted` holds; asks no others. */
  async findWanted(
    target: Target,
    isWanted: (socket: ListeningSocket) => boolean,
  ): Promise<OpenInspector | undefined> {
    const listeners = await ipv4Listeners(target.pid, this.#procRoot)
    // 0.0.0.0 is no address that pprofd opens; where one is, it must be found to be closed.
    const wanted = listeners.filter((socket) => isDialled(socket) && isWanted(socket))
    return this.#findAmong(target, await ownedBy(target.pid, target.uid, wanted, this.#procRoot))
  }

  /** Where the process would open its inspector on SIGUSR1, as far as can be known from outside. */
  async expectedAddress(target: Target): Promise<InspectAddress> {
    return inspectAddress(await nodeOptions(target, this.#procRoot), target.argv)
  }

  async #findAmong(
    target: Target,
    sockets: readonly ListeningSocket[],
  ): Promise<OpenInspector | undefined> {
    if (sockets.length === 0) return undefined
    const dial = await dialFor(target, this.#procRoot)
    const answers = await Promise.all(sockets.map((socket) => this.#probe(socket, dial)))
    return answers.find((answer) => answer !== undefined)
  }

  async #probe(socket: ListeningSocket, dial: Dial): Promise<OpenInspector | undefined> {
    const startedMs = performance.now()
    const endpoint = await findEndpoint(socket.port, probeTimeoutMs, dial)
    if (endpoint !== undefined) return { endpoint, socket }
    // Silence proves nothing: a stopped or overloaded process answers later.
    if (performance.now() - startedMs < probeTimeoutMs) this.#remember(socket.inode)
    return undefined
  }

  #remember(inode: string): void {
    if (this.#notInspectors.size >= maxRememberedSockets) this.#notInspectors.clear()
    this.#notInspectors.add(inode)
  }
}

/** Whether 127.0.0.1, the one address that pprofd dials, leads to it. */
function isDialled({ address }: ListeningSocket): boolean {
  return address === '127.0.0.1' || address === '0.0.0.0'
}

/** An inspector listens on loopback unless its flag says otherwise; other sockets are the application's. */
function isReachable({ address, port }: ListeningSocket, expected: InspectAddress): boolean {
  return address === '127.0.0.1' || (address === '0.0.0.0' && port === expected.port)
}
