import t from 'tap'
import { type Connection, peersOfPort, peerUid } from '../../src/access/tcp-peer.ts'

const ipv4: Connection = {
  localAddress: '127.0.0.1',
  localPort: 8081,
  remoteAddress: '127.0.0.1',
  remotePort: 41_666,
}
const ipv6: Connection = { ...ipv4, localAddress: '::1', remoteAddress: '::1' }
const mapped: Connection = {
  ...ipv4,
  localAddress: '::ffff:127.0.0.1',
  remoteAddress: '::FFFF:127.0.0.1',
}

const head =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
/** Our own end, whose uid must not be taken for the peer's. */
const ourEnd = row('0100007F:1F91 0100007F:A2C2', '01', 0, 900)
const loopback4 = '0100007F:A2C2 0100007F:1F91'
const loopback6 = '00000000000000000000000001000000:A2C2 00000000000000000000000001000000:1F91'
const inMapped = '0000000000000000FFFF00000100007F:A2C2 0000000000000000FFFF00000100007F:1F91'

const found: readonly (readonly [
  title: string,
  rows: readonly string[],
  Connection,
  uid: number,
])[] = [
  ['a living connection', [row(loopback4, '01', 1000)], ipv4, 1000],
  ['a client that has sent all it will', [row(loopback4, '05', 1000)], ipv4, 1000],
  ['one whose end is on its way', [row(loopback4, '04', 1000)], ipv4, 1000],
  ['root', [row(loopback4, '01', 0)], ipv4, 0],
  ['the largest uid', [row(loopback4, '01', 4_294_967_294)], ipv4, 4_294_967_294],
  ['an IPv4 client with a socket of IPv6', [row(inMapped, '01', 1001)], ipv4, 1001],
  ['an IPv4 client of a listener of IPv6', [row(loopback4, '01', 1001)], mapped, 1001],
  ['IPv6', [row(loopback6, '01', 1002)], ipv6, 1002],
  ['both families, the same user', [row(loopback4, '01', 7), row(inMapped, '01', 7)], ipv4, 7],
  [
    'a dead row beside the living one',
    [row(loopback4, '06', 0, 0), row(loopback4, '01', 1000)],
    ipv4,
    1000,
  ],
]

t.test('the uid is that of the row that begins with the peer', (t) => {
  for (const [title, rows, connection, uid] of found) {
    t.equal(uidIn([table([ourEnd, ...rows]), head], connection), uid, title)
    t.equal(uidIn([head, table(rows)], connection), uid, `${title}, in the other table`)
  }
  t.end()
})

const unknown: readonly (readonly [title: string, rows: readonly string[]])[] = [
  ['no row', []],
  ['TIME_WAIT, shown as uid 0', [row(loopback4, '06', 0, 0)]],
  ['closed by its process, shown as uid 0', [row(loopback4, '05', 0, 0)]],
  ['established and orphaned', [row(loopback4, '01', 0, 0)]],
  ['another attempt at the same ports', [row(loopback4, '02', 0)]],
  ['a listener', [row('0100007F:1F91 00000000:0000', '0A', 0)]],
  ['another port of the peer', [row('0100007F:A2C3 0100007F:1F91', '01', 0)]],
  ['another address of the peer', [row('0200007F:A2C2 0100007F:1F91', '01', 0)]],
  ['a longer address that ends alike', [row(`FFFF0000${loopback4}`, '01', 0)]],
  ['two users', [row(loopback4, '01', 0), row(inMapped, '01', 1000)]],
  ['a row that was cut off', [` 1: ${loopback4} 01 00000000:0000`]],
  ['a uid that is none', [row(loopback4, '01', Number.NaN)]],
]

t.test('nobody is known where the tables do not say it beyond doubt', (t) => {
  for (const [title, rows] of unknown) {
    t.equal(uidIn([table([ourEnd, ...rows])], ipv4), undefined, title)
  }
  t.equal(uidIn([], ipv4), undefined, 'no table')
  t.end()
})

t.test('any IPv6 address is found as the kernel writes it', (t) => {
  const connection: Connection = {
    ...ipv6,
    localAddress: 'fe80::1%eth0',
    remoteAddress: '2001:db8:1:2:3:4:5:6',
  }
  const ends = 'B80D012002000100040003000600050000:A2C2'
  t.equal(uidIn([table([row(ends, '01', 5)])], connection), undefined)
  const right = 'B80D0120020001000400030006000500:A2C2 000080FE000000000000000001000000:1F91'
  t.equal(uidIn([table([row(right, '01', 5)])], connection), 5)
  t.end()
})

function uidIn(tables: readonly string[], connection: Connection): number | undefined {
  return peerUid(peersOfPort(tables, connection.localPort), connection)
}

function table(rows: readonly string[]): string {
  return `${head}${rows.map((text) => `${text}\n`).join('')}`
}

function row(ends: string, state: string, uid: number, inode = 4711): string {
  const columns = `${state} 00000000:00000000 00:00000000 00000000 ${String(uid).padStart(5)}        0 ${inode} 1`
  return `   1: ${ends} ${columns} 0000000000000000 20 4 30 10 -1`
}
