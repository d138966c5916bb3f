/** Listening TCP sockets and whose they are: /proc/PID/net/tcp{,6} (proc_pid_net(5)) joined with /proc/PID/fd. */
import { setImmediate as turn } from 'node:timers/promises'
import { type Family, readListeningRows } from './listening-rows.ts'
import { linkAtOnce, mayReadFolder, readProcFolder, unlessDenied } from './proc-file.ts'

export interface ListeningSocket {
  /** `127.0.0.1`, `0.0.0.0`, or an IPv6 address as 32 hexadecimal digits in network order. */
  readonly address: string
  readonly port: number
  readonly uid: number
  readonly inode: string
  /** Reachable at 127.0.0.1 only, not from other machines. */
  readonly isLoopback: boolean
}

/** State 0A of include/net/tcp_states.h. */
const listenState = '0A'

const ipv6Loopbacks: ReadonlySet<string> = new Set([
  '00000000000000000000000000000001',
  // ::ffff:127.0.0.1
  '00000000000000000000ffff7f000001',
])

/** All listening sockets in the network namespace of the process. */
export async function namespaceListeners(
  pid: number,
  procRoot = '/proc',
  families: readonly Family[] = ['tcp', 'tcp6'],
): Promise<readonly ListeningSocket[]> {
  return families.flatMap((family) =>
    parseListeners(readListeningRows(pid, family, procRoot) ?? ''),
  )
}

/** Those that 127.0.0.1 may reach: an inspector's among them, if it is one that pprofd can dial. */
export function ipv4Listeners(
  pid: number,
  procRoot = '/proc',
): Promise<readonly ListeningSocket[]> {
  return namespaceListeners(pid, procRoot, ['tcp'])
}

/**
 * Which of the sockets are the process's own. Where its descriptors are unreadable (another user's
 * process), those of its uid: the uid column is set by the kernel.
 */
export async function ownedBy(
  pid: number,
  uid: number,
  sockets: readonly ListeningSocket[],
  procRoot = '/proc',
): Promise<readonly ListeningSocket[]> {
  if (sockets.length === 0) return []
  const wanted = new Set(sockets.map(({ inode }) => inode))
  const inodes = await socketInodes(pid, wanted, procRoot)
  return sockets.filter((socket) =>
    inodes === undefined ? socket.uid === uid : inodes.has(socket.inode),
  )
}

/** The IPv4 listeners of one process. */
export async function processListeners(
  pid: number,
  uid: number,
  procRoot = '/proc',
): Promise<readonly ListeningSocket[]> {
  return ownedBy(pid, uid, await ipv4Listeners(pid, procRoot), procRoot)
}

/** Whether it can be proved which sockets are the process's own. */
export function canReadDescriptors(pid: number, procRoot = '/proc'): boolean {
  return mayReadFolder(`${procRoot}/${pid}/fd`)
}

export function parseListeners(text: string): readonly ListeningSocket[] {
  const listeners: ListeningSocket[] = []
  for (const line of text.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/)
    const [hexAddress, hexPort] = (fields[1] ?? '').split(':')
    if (fields[3] !== listenState || !hexAddress || !hexPort) continue
    const address = hexAddress.length === 8 ? ipv4Address(hexAddress) : ipv6Digits(hexAddress)
    listeners.push({
      address,
      port: Number.parseInt(hexPort, 16),
      uid: Number(fields[7]),
      inode: fields[9] ?? '',
      isLoopback: address.startsWith('127.') || ipv6Loopbacks.has(address),
    })
  }
  return listeners
}

/** Links read between two turns of the event loop: some 2 ms. */
const linksAtOnce = 500

/** Those of the wanted that are among its descriptors; undefined where the kernel refuses to tell. */
async function socketInodes(
  pid: number,
  wanted: ReadonlySet<string>,
  procRoot: string,
): Promise<ReadonlySet<string> | undefined> {
  const folder = `${procRoot}/${pid}/fd`
  const descriptors = await unlessDenied(readProcFolder(folder))
  if (descriptors === undefined) return undefined
  const found = new Set<string>()
  for (const [index, descriptor] of descriptors.entries()) {
    if (index % linksAtOnce === linksAtOnce - 1) await turn()
    const inode = /^socket:\[(\d+)\]$/.exec(linkAtOnce(`${folder}/${descriptor}`) ?? '')?.[1]
    if (inode !== undefined && wanted.has(inode)) found.add(inode)
    if (found.size === wanted.size) break
  }
  return found
}

/** The kernel prints each 32-bit word in the machine's byte order; x64 and arm64 are little-endian. */
function ipv4Address(hex: string): string {
  return reversedBytes(hex)
    .map((byte) => Number.parseInt(byte, 16))
    .join('.')
}

function ipv6Digits(hex: string): string {
  const words = hex.match(/.{8}/g) ?? []
  return words.flatMap(reversedBytes).join('').toLowerCase()
}

function reversedBytes(hexWord: string): string[] {
  return (hexWord.match(/../g) ?? []).reverse()
}
