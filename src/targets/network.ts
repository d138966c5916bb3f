/**
 * Reaching the loopback interface of a target: ours, or that of another network namespace (a
 * container), which only a process inside can reach. That process is a relay started by nsenter(1).
 */
import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { type Dial, dialLoopback } from '../inspector/dial.ts'
import { readProcLink, unlessDenied } from '../proc/proc-file.ts'
import { readProcessStatus } from '../proc/process-status.ts'
import type { Check, Target } from './target.ts'

/** CAP_SYS_ADMIN of include/uapi/linux/capability.h: setns(2) asks for it. */
const capSysAdmin = 1n << 21n

/** Node runs it without us, so it is the one that is built. */
const relay = fileURLToPath(new URL('./netns-relay.js', import.meta.url))

/** The network namespace of a process, as an opaque name; undefined where the kernel does not tell. */
export function networkNamespace(
  pid: number | 'self',
  procRoot: string,
): Promise<string | undefined> {
  return unlessDenied(readProcLink(`${procRoot}/${pid}/ns/net`))
}

/** How to reach the target's loopback interface. Where the kernel does not tell, it is taken for ours. */
export async function dialFor(target: Target, procRoot: string): Promise<Dial> {
  if (target.kind !== 'process' || !(await isElsewhere(target.pid, procRoot))) return dialLoopback
  return (port) => dialThrough(target.pid, port)
}

/** Whether pprofd can reach it, and what is missing if not. */
export async function checkNetwork({ pid }: Target, procRoot: string): Promise<Check> {
  const name = 'network'
  if (!(await isElsewhere(pid, procRoot))) {
    return { name, ok: true, detail: 'its loopback interface is ours' }
  }
  const missing = await missingForNsenter(procRoot)
  if (missing === undefined) {
    const detail = 'it is in another network namespace (a container), reached through nsenter'
    return { name, ok: true, detail }
  }
  const detail = `process ${pid} is in another network namespace (a container), and ${missing}; or run pprofd inside it`
  return { name, ok: false, detail }
}

async function isElsewhere(pid: number, procRoot: string): Promise<boolean> {
  const [own, theirs] = await Promise.all([
    networkNamespace('self', procRoot),
    networkNamespace(pid, procRoot),
  ])
  return own !== undefined && theirs !== undefined && own !== theirs
}

async function missingForNsenter(procRoot: string): Promise<string | undefined> {
  const status = await readProcessStatus(process.pid, procRoot)
  if (status !== undefined && (status.effectiveCapabilities & capSysAdmin) === 0n) {
    return 'pprofd lacks CAP_SYS_ADMIN to enter it; run pprofd as root'
  }
  const isInstalled = (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, 'nsenter'), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
  return isInstalled ? undefined : 'nsenter is not installed (package util-linux)'
}

/** A failing relay ends the stream, which whoever reads it reports. */
function dialThrough(pid: number, port: number): Duplex {
  const inside = ['--target', String(pid), '--net', '--', process.execPath, relay, String(port)]
  const child = spawn('nsenter', inside, {
    // The relay is no place for our own options, and no target either.
    env: { PATH: process.env.PATH },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin })
  child.on('error', (error) => stream.destroy(error))
  stream.on('close', () => child.kill())
  return stream
}
