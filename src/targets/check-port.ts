/** Whether the port on which a process would open its inspector is ours to use for a moment. */
import { setTimeout as sleep } from 'node:timers/promises'
import { namespaceListeners } from '../proc/listening-sockets.ts'
import { type InspectAddress, isLoopbackHost } from './inspect-options.ts'
import type { Check, Target } from './target.ts'

const pollMs = 20

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
  const listeners = await namespaceListeners(pid, procRoot)
  return listeners.some((socket) => socket.port === port)
}
