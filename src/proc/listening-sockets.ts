/** Listening TCP sockets and whose they are: /proc/PID/net/tcp{,6} (proc_pid_net(5)) joined with /proc/PID/fd. */
import { readProcFile, readProcFolder, readProcLink, unlessDenied } from './proc-file.ts'

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
): Promise<readonly ListeningSocket[]> {
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((table) => readProcFile(`${procRoot}/${pid}/net/${table}`)),
  )
  return tables.flatMap((text) => parseListeners(text ?? ''))
}

/**
 * The listening sockets of one process. Where its descriptors are unreadable (another user's
 * process), those of its uid: the uid column is set by the kernel.
 */
export async function processListeners(
  pid: number,
  uid: number,
  procRoot = '/proc',
): Promise<readonly ListeningSocket[]> {
  const [inodes, listeners] = await Promise.all([
    socketInodes(pid, procRoot),
    namespaceListeners(pid, procRoot),
  ])
  return listeners.filter((socket) =>
    inodes === undefined ? socket.uid === uid : inodes.has(socket.inode),
  )
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

/** Undefined where the kernel refuses to tell. */
async function socketInodes(
  pid: number,
  procRoot: string,
): Promise<ReadonlySet<string> | undefined> {
  const folder = `${procRoot}/${pid}/fd`
  const descriptors = await unlessDenied(readProcFolder(folder))
  if (descriptors === undefined) return undefined
  const links = await Promise.all(
    descriptors.map((descriptor) => unlessDenied(readProcLink(`${folder}/${descriptor}`))),
  )
  const inodes = links.map((link) => /^socket:\[(\d+)\]$/.exec(link ?? '')?.[1])
  return new Set(inodes.filter((inode) => inode !== undefined))
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
