/**
 * Another process that takes a target's port between the last look at it and the moment at which Node opens its
 * inspector there: another pprofd's target, say, or a developer's. Node then says so on its stderr, and is as before.
 */
import { type ListeningSocket, ownedBy } from '../proc/listening-sockets.ts'
import type { Target } from './target.ts'

/** Most open their inspector within 110 ms: who has not by then, when the port is free again, does not. */
const openLateMs = 300

export class PortRival {
  readonly #target: Target
  readonly #port: number
  readonly #procRoot: string
  /** Inodes. */
  readonly #rivals = new Set<string>()
  #lastSeenMs = 0

  constructor(target: Target, port: number, procRoot: string) {
    this.#target = target
    this.#port = port
    this.#procRoot = procRoot
  }

  get wasSeen(): boolean {
    return this.#rivals.size > 0
  }

  /** `fresh`: the listeners that are new. True when a rival had the port, and the target has not opened it since. */
  async hasWon(fresh: readonly ListeningSocket[]): Promise<boolean> {
    const there = fresh.filter(({ port }) => port === this.#port)
    await this.#judge(there.filter(({ inode }) => !this.#rivals.has(inode)))
    const nowMs = performance.now()
    if (there.some(({ inode }) => this.#rivals.has(inode))) this.#lastSeenMs = nowMs
    return this.wasSeen && nowMs - this.#lastSeenMs > openLateMs
  }

  /** Sockets of a process whose descriptors may not be read are told apart by their user only. */
  async #judge(sockets: readonly ListeningSocket[]): Promise<void> {
    const { pid, uid } = this.#target
    const own = new Set(await ownedBy(pid, uid, sockets, this.#procRoot))
    for (const socket of sockets) if (!own.has(socket)) this.#rivals.add(socket.inode)
  }
}
