/**
 * The user behind a loopback connection, read from the kernel's tables of all sockets. Reading them
 * takes the longer the more sockets there are, so that connections that come together share it.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { readProcFile } from '../proc/proc-file.ts'
import { type Connection, type Peers, peersOfPort, peerUid } from './tcp-peer.ts'

/** The peers of one of our ports, as of one reading. */
type PeersOfPort = (localPort: number) => Peers

/** The tables are read in pieces, and a row can move from one not yet read into one that was. */
const maxReadings = 3

export class PeerUids {
  readonly #procRoot: string
  #reading: Promise<unknown> = Promise.resolve()
  /** A reading that has not begun, which whoever comes now may share. */
  #next: Promise<PeersOfPort> | undefined
  #overflowUid: Promise<number | undefined> | undefined

  constructor(procRoot = '/proc') {
    this.#procRoot = procRoot
  }

  /** Undefined where the kernel names no user, or one that stands for all it has no number for. */
  async find(connection: Connection): Promise<number | undefined> {
    for (let reading = 0; reading < maxReadings; reading++) {
      const peersOf = await this.#readTables()
      const uid = peerUid(peersOf(connection.localPort), connection)
      if (uid === undefined) continue
      this.#overflowUid ??= overflowUid(this.#procRoot)
      return uid === (await this.#overflowUid) ? undefined : uid
    }
    return undefined
  }

  /** It begins after the call, so that the connection is there. */
  #readTables(): Promise<PeersOfPort> {
    this.#next ??= this.#reading.then(() => {
      this.#next = undefined
      const tables = readTables(this.#procRoot)
      this.#reading = pause(tables)
      return tables
    })
    return this.#next
  }
}

/** As long again as a reading took: who connects all the time keeps us busy half of it at most. */
async function pause(reading: Promise<unknown>): Promise<void> {
  const beganMs = performance.now()
  await reading.catch(() => undefined)
  await delay(performance.now() - beganMs)
}

/** Those of our own network namespace; there is no tcp6 where IPv6 is switched off. */
async function readTables(procRoot: string): Promise<PeersOfPort> {
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map(async (name) => (await readProcFile(`${procRoot}/self/net/${name}`)) ?? ''),
  )
  const byPort = new Map<number, Peers>()
  return (localPort) => {
    const peers = byPort.get(localPort) ?? peersOfPort(tables, localPort)
    byPort.set(localPort, peers)
    return peers
  }
}

/**
 * In a user namespace (user_namespaces(7)) all users without a number are shown as this one. Undefined
 * where every user has one.
 */
async function overflowUid(procRoot: string): Promise<number | undefined> {
  const map = (await readProcFile(`${procRoot}/self/uid_map`)) ?? ''
  if (/^\s*0\s+0\s+4294967295\s*$/.test(map)) return undefined
  return Number((await readProcFile(`${procRoot}/sys/kernel/overflowuid`)) ?? 65_534)
}
