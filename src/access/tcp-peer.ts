/**
 * Whose socket the other end of a loopback connection is, out of the text of /proc/net/tcp and tcp6
 * (proc_pid_net(5)): the row whose local address is the peer's and whose remote one is ours.
 */

/** One of our connections, as its socket names both ends. */
export interface Connection {
  readonly localAddress: string
  readonly localPort: number
  readonly remoteAddress: string
  readonly remotePort: number
}

/** The users at the other ends of a port's connections, by what a row begins with; undefined where several are. */
export type Peers = ReadonlyMap<string, number | undefined>

/**
 * `sl: local remote state tx:rx tr:when retransmits uid timeout inode ...`, where the state is ESTABLISHED,
 * FIN_WAIT1 or FIN_WAIT2 of include/net/tcp_states.h: a peer that may still read what we answer. A SYN_SENT
 * row would be another attempt at the same pair of ports. A socket that its process has closed, and one in
 * TIME_WAIT, is listed under uid 0 with inode 0, which does not make it root's.
 */
const rowOf = (hexLocalPort: string): RegExp =>
  new RegExp(
    `: ([0-9A-F]+:[0-9A-F]{4} [0-9A-F]+:${hexLocalPort}) (?:01|04|05) \\S+ \\S+ +\\S+ +(\\d+) +\\d+ +[1-9]\\d* `,
    'g',
  )

/** One pass, however many connections are looked up in it. */
export function peersOfPort(tables: readonly string[], localPort: number): Peers {
  const peers = new Map<string, number | undefined>()
  for (const table of tables) {
    for (const [, ends = '', digits] of table.matchAll(rowOf(hexDigits(localPort, 4)))) {
      const uid = Number(digits)
      peers.set(ends, peers.has(ends) && peers.get(ends) !== uid ? undefined : uid)
    }
  }
  return peers
}

/** Undefined where the tables name no user, or several. */
export function peerUid(peers: Peers, connection: Connection): number | undefined {
  const found = keysOf(connection).filter((key) => peers.has(key))
  const [uid, ...others] = new Set(found.map((key) => peers.get(key)))
  return others.length === 0 ? uid : undefined
}

/** What the row may begin with: an IPv4 pair is IPv6-mapped in tcp6 where the client's socket is of IPv6. */
function keysOf({
  localAddress,
  localPort,
  remoteAddress,
  remotePort,
}: Connection): readonly string[] {
  const ours = hexForms(localAddress)
  return hexForms(remoteAddress).map(
    (peer, i) => `${peer}:${hexDigits(remotePort, 4)} ${ours[i] ?? ''}:${hexDigits(localPort, 4)}`,
  )
}

const mappedPrefix = '0000000000000000FFFF0000'

/** The kernel prints each 32-bit word in the machine's byte order; x64 and arm64 are little-endian. */
function hexForms(address: string): readonly string[] {
  const ipv4 = /^(?:::ffff:)?(\d+)\.(\d+)\.(\d+)\.(\d+)$/i.exec(address)
  if (ipv4 !== null) {
    const hex = ipv4
      .slice(1)
      .reverse()
      .map((byte) => hexDigits(Number(byte), 2))
      .join('')
    return [hex, mappedPrefix + hex]
  }
  const groups = ipv6Groups(address)
  const words = [0, 2, 4, 6].map((i) => `${groups[i]}${groups[i + 1]}`)
  return [words.map((word) => (word.match(/../g) ?? []).reverse().join('')).join('')]
}

/** The eight groups of an IPv6 address, each as four digits. */
function ipv6Groups(address: string): readonly string[] {
  const [head = '', tail] = address.replace(/%.*$/, '').split('::')
  const split = (text: string) => (text === '' ? [] : text.split(':'))
  const first = split(head)
  const last = split(tail ?? '')
  const zeros = tail === undefined ? 0 : 8 - first.length - last.length
  const groups = [...first, ...Array<string>(Math.max(zeros, 0)).fill('0'), ...last]
  return groups.map((group) => group.toUpperCase().padStart(4, '0'))
}

function hexDigits(value: number, length: number): string {
  return value.toString(16).toUpperCase().padStart(length, '0')
}
