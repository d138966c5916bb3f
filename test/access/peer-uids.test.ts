// The tables as text, and the kernel's own with real connections; a reset must not lend anybody another's name.
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { PeerUids } from '../../src/access/peer-uids.ts'
import { type Connection, peersOfPort, peerUid } from '../../src/access/tcp-peer.ts'
import { isConnected } from '../../src/server/is-connected.ts'

const skip = process.platform === 'linux' ? false : 'only Linux has /proc/net/tcp'
const uid = process.getuid?.()

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
const ourEnd = rowOf('0100007F:1F91 0100007F:A2C2', '01', 0, 900)
const loopback4 = '0100007F:A2C2 0100007F:1F91'
const loopback6 = '00000000000000000000000001000000:A2C2 00000000000000000000000001000000:1F91'
const inMapped = '0000000000000000FFFF00000100007F:A2C2 0000000000000000FFFF00000100007F:1F91'

const found: readonly (readonly [
  title: string,
  rows: readonly string[],
  Connection,
  uid: number,
])[] = [
  ['a living connection', [rowOf(loopback4, '01', 1000)], ipv4, 1000],
  ['a client that has sent all it will', [rowOf(loopback4, '05', 1000)], ipv4, 1000],
  ['one whose end is on its way', [rowOf(loopback4, '04', 1000)], ipv4, 1000],
  ['root', [rowOf(loopback4, '01', 0)], ipv4, 0],
  ['the largest uid', [rowOf(loopback4, '01', 4_294_967_294)], ipv4, 4_294_967_294],
  ['an IPv4 client with a socket of IPv6', [rowOf(inMapped, '01', 1001)], ipv4, 1001],
  ['an IPv4 client of a listener of IPv6', [rowOf(loopback4, '01', 1001)], mapped, 1001],
  ['IPv6', [rowOf(loopback6, '01', 1002)], ipv6, 1002],
  ['both families, the same user', [rowOf(loopback4, '01', 7), rowOf(inMapped, '01', 7)], ipv4, 7],
  [
    'a dead row beside the living one',
    [rowOf(loopback4, '06', 0, 0), rowOf(loopback4, '01', 1000)],
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
  ['TIME_WAIT, shown as uid 0', [rowOf(loopback4, '06', 0, 0)]],
  ['closed by its process, shown as uid 0', [rowOf(loopback4, '05', 0, 0)]],
  ['established and orphaned', [rowOf(loopback4, '01', 0, 0)]],
  ['another attempt at the same ports', [rowOf(loopback4, '02', 0)]],
  ['a listener', [rowOf('0100007F:1F91 00000000:0000', '0A', 0)]],
  ['another port of the peer', [rowOf('0100007F:A2C3 0100007F:1F91', '01', 0)]],
  ['another address of the peer', [rowOf('0200007F:A2C2 0100007F:1F91', '01', 0)]],
  ['a longer address that ends alike', [rowOf(`FFFF0000${loopback4}`, '01', 0)]],
  ['two users', [rowOf(loopback4, '01', 0), rowOf(inMapped, '01', 1000)]],
  ['a row that was cut off', [` 1: ${loopback4} 01 00000000:0000`]],
  ['a uid that is none', [rowOf(loopback4, '01', Number.NaN)]],
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
  t.equal(uidIn([table([rowOf(ends, '01', 5)])], connection), undefined)
  const right = 'B80D0120020001000400030006000500:A2C2 000080FE000000000000000001000000:1F91'
  t.equal(uidIn([table([rowOf(right, '01', 5)])], connection), 5)
  t.end()
})

t.test('a connection of this process is its user, in IPv4 and IPv6', { skip }, async (t) => {
  for (const host of ['127.0.0.1', '::1']) {
    const { accepted } = await pair(t, host)
    t.equal(await new PeerUids().find(ends(accepted)), uid, host)
    t.equal(isConnected(accepted), true)
  }
})

t.test(
  'a client that has sent all it will is known, one that is gone is not',
  { skip },
  async (t) => {
    const { client, accepted } = await pair(t, '127.0.0.1')
    const peers = new PeerUids()
    client.end('all')
    await once(accepted.resume(), 'end')
    t.equal(await peers.find(ends(accepted)), uid)
    client.destroy()
    await untilUnknown(t, peers, accepted)
  },
)

t.test('a client that closed its end at once is nobody, not root', { skip }, async (t) => {
  const { client, accepted } = await pair(t, '127.0.0.1')
  accepted.pause()
  client.write('GET / HTTP/1.1\r\n\r\n')
  client.destroy()
  await untilUnknown(t, new PeerUids(), accepted)
})

t.test('a reset is seen although nobody reads', { skip }, async (t) => {
  const { client, accepted } = await pair(t, '127.0.0.1')
  accepted.pause()
  const connection = ends(accepted)
  client.resetAndDestroy()
  while (isConnected(accepted)) await delay(5)
  t.equal(await new PeerUids().find(connection), undefined)
})

t.test(
  'connections that come together share a reading that begins after them',
  { skip },
  async (t) => {
    const pairs = await Promise.all(Array.from({ length: 20 }, () => pair(t, '127.0.0.1')))
    const peers = new PeerUids()
    const found = await Promise.all(pairs.map(({ accepted }) => peers.find(ends(accepted))))
    t.same(found, Array(20).fill(uid))
    const late = await pair(t, '127.0.0.1')
    t.equal(await peers.find(ends(late.accepted)), uid)
  },
)

const nobodysRow =
  '   0: 0100007F:A2C2 0100007F:1F91 01 00000000:00000000 00:00000000 00000000 65534        0 4711 1\n'
t.test('a uid that stands for all without a number is nobody', async (t) => {
  t.equal(await new PeerUids(procRoot(t, '0 0 4294967295', nobodysRow)).find(ipv4), 65_534)
  t.equal(await new PeerUids(procRoot(t, '0 100000 65536', nobodysRow)).find(ipv4), undefined)
  t.equal(await new PeerUids(t.testdir()).find(ipv4), undefined, 'no tables')
})

t.test('a failed reading is told, and the next one works', async (t) => {
  const root = procRoot(t, '0 0 4294967295', nobodysRow)
  const peers = new PeerUids(root)
  const table = join(root, 'self/net/tcp')
  writeFileSync(`${table}6`, '')
  const broken = new PeerUids(join(root, 'broken'))
  mkdirSync(join(root, 'broken/self/net/tcp'), { recursive: true })
  await t.rejects(broken.find(ipv4), { code: 'EISDIR' })
  await t.rejects(broken.find(ipv4), { code: 'EISDIR' })
  t.equal(await peers.find(ipv4), 65_534)
})

function procRoot(t: Test, uidMap: string, table: string): string {
  return t.testdir({
    self: { net: { tcp: `  sl  local_address\n${table}` }, uid_map: `         ${uidMap}\n` },
    sys: { kernel: { overflowuid: '65534\n' } },
  })
}

async function pair(t: Test, host: string): Promise<{ client: Socket; accepted: Socket }> {
  const server: Server = createServer({ allowHalfOpen: true }).listen(0, host)
  t.teardown(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const [[accepted], client] = await Promise.all([
    once(server, 'connection') as Promise<[Socket]>,
    new Promise<Socket>((resolve) => {
      const socket = connect({ port, host, allowHalfOpen: true }, () => resolve(socket))
    }),
  ])
  for (const socket of [client, accepted]) {
    socket.on('error', () => undefined)
    t.teardown(() => socket.destroy())
  }
  return { client, accepted }
}

function ends(socket: Socket): Connection {
  const { localAddress = '', localPort = 0, remoteAddress = '', remotePort = 0 } = socket
  return { localAddress, localPort, remoteAddress, remotePort }
}

/** The kernel takes a moment; from then on the answer is final. */
async function untilUnknown(t: Test, peers: PeerUids, accepted: Socket): Promise<void> {
  const connection = ends(accepted)
  while ((await peers.find(connection)) !== undefined) await delay(5)
  t.equal(await peers.find(connection), undefined)
}

function uidIn(tables: readonly string[], connection: Connection): number | undefined {
  return peerUid(peersOfPort(tables, connection.localPort), connection)
}

function table(rows: readonly string[]): string {
  return `${head}${rows.map((text) => `${text}\n`).join('')}`
}

function rowOf(ends: string, state: string, uid: number, inode = 4711): string {
  const columns = `${state} 00000000:00000000 00:00000000 00000000 ${String(uid).padStart(5)}        0 ${inode} 1`
  return `   1: ${ends} ${columns} 0000000000000000 20 4 30 10 -1`
}
