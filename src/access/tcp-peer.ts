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

/**
 * ESTABLISHED, FIN_WAIT1 and FIN_WAIT2 of include/net/tcp_states.h: a peer that may still read what we
 * answer. A SYN_SENT row would be another attempt at the same pair of ports.
 */
const livingStates: ReadonlySet<string> = new Set(['01', '04', '05'])

/**
 * Undefined where the tables name no user, or several. A socket that its process has closed, and one in
 * TIME_WAIT, is listed under uid 0 with inode 0, which does not make it root's.
 */
export function peerUid(tables: readonly string[], connection: Connection): number | undefined {
  const rows = tables.flatMap((table) => rowsOf(table, connection))
  const [uid, ...others] = new Set(rows)
  return others.length === 0 ? uid : undefined
}

function rowsOf(table: string, connection: Connection): readonly number[] {
  return keysOf(connection).flatMap((key) => {
    const uids: number[] = []
    for (let at = table.indexOf(key); at !== -1; at = table.indexOf(key, at + key.length)) {
      const end = table.indexOf('\n', at)
      const uid = uidOfRow(table.slice(at + 1, end === -1 ? undefined : end))
      if (uid !== undefined) uids.push(uid)
    }
    return uids
  })
}

/** `local remote state tx:rx tr:when retransmits uid timeout inode ...` */
function uidOfRow(row: string): number | undefined {
  const [, , state = '', , , , uid = '', , inode = ''] = row.split(/ +/)
  if (!livingStates.has(state) || !/^[1-9][0-9]*$/.test(inode)) return undefined
  return /^[0-9]+$/.test(uid) ? Number(uid) : undefined
}

/** What the row may begin with: an IPv4 pair is IPv6-mapped in tcp6 where the client's socket is of IPv6. */
function keysOf(connection: Connection): readonly string[] {
  const peer = hexForms(connection.remoteAddress)
  const ours = hexForms(connection.localAddress)
  return peer.map((form, i) => {
    const remote = `${form}:${hexPort(connection.remotePort)}`
    return ` ${remote} ${ours[i] ?? ''}:${hexPort(connection.localPort)} `
  })
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

function hexPort(port: number): string {
  return hexDigits(port, 4)
}

function hexDigits(value: number, length: number): string {
  return value.toString(16).toUpperCase().padStart(length, '0')
}
