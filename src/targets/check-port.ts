/** Whether the port on which a process would open its inspector is ours to use for a moment. */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  ipv4Listeners,
  type ListeningSocket,
  namespaceListeners,
} from '../proc/listening-sockets.ts'
import { type InspectAddress, isLoopbackHost } from './inspect-options.ts'
import { networkNamespace } from './network.ts'
import type { Check, Target } from './target.ts'

const pollMs = 20

/**
 * When a port was last seen free of IPv6 sockets, which may hold it for IPv4, too. To see it costs the
 * kernel some ms where nobody is connected by IPv6, and 50 targets may want the same port in turn.
 */
const freeOfIpv6 = new Map<string, number>()
const freshMs = 500
const maxPlaces = 1000

/** `waitMs`: how long whoever has the port may take to free it, as another pprofd does. */
export async function checkPort(
  { pid }: Target,
  { host, port }: InspectAddress,
  procRoot: string,
  waitMs = 0,
): Promise<Check> {
  const name = 'port'
  if (!isLoopbackHost(host)) {
    const detail = `its flags would open the inspector on ${host}:${port}; pprofd opens one on 127.0.0.1 only, where no other machine reaches it`
    return { name, ok: false, detail }
  }
  if (port === 0) return { name, ok: true, detail: 'any free port' }
  const deadline = performance.now() + waitMs
  while (await isTaken(pid, port, procRoot)) {
    if (performance.now() >= deadline) {
      const detail = `port ${port}, where its inspector would open, is taken by another process; try again when it is free`
      return { name, ok: false, detail }
    }
    await sleep(pollMs)
  }
  return { name, ok: true, detail: `port ${port} is free` }
}

async function isTaken(pid: number, port: number, procRoot: string): Promise<boolean> {
  const isIt = (socket: ListeningSocket) => socket.port === port
  if ((await ipv4Listeners(pid, procRoot)).some(isIt)) return true
  const network = (await networkNamespace(pid, procRoot)) ?? ''
  const place = `${procRoot} ${network} ${port}`
  const sinceMs = performance.now() - (freeOfIpv6.get(place) ?? Number.NEGATIVE_INFINITY)
  if (sinceMs < freshMs) return false
  const taken = (await namespaceListeners(pid, procRoot, ['tcp6'])).some(isIt)
  if (taken) return true
  if (freeOfIpv6.size >= maxPlaces) freeOfIpv6.clear()
  freeOfIpv6.set(place, performance.now())
  return false
}
