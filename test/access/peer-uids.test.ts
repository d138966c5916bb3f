// The kernel's own tables, with real connections; a reset must not lend anybody another's name.
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { PeerUids } from '../../src/access/peer-uids.ts'
import type { Connection } from '../../src/access/tcp-peer.ts'
import { isConnected } from '../../src/server/is-connected.ts'

const skip = process.platform === 'linux' ? false : 'only Linux has /proc/net/tcp'
const uid = process.getuid?.()

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

const row =
  '   0: 0100007F:A2C2 0100007F:1F91 01 00000000:00000000 00:00000000 00000000 65534        0 4711 1\n'
const connection: Connection = {
  localAddress: '127.0.0.1',
  localPort: 8081,
  remoteAddress: '127.0.0.1',
  remotePort: 41_666,
}

t.test('a uid that stands for all without a number is nobody', async (t) => {
  t.equal(await new PeerUids(procRoot(t, '0 0 4294967295', row)).find(connection), 65_534)
  t.equal(await new PeerUids(procRoot(t, '0 100000 65536', row)).find(connection), undefined)
  t.equal(await new PeerUids(t.testdir()).find(connection), undefined, 'no tables')
})

t.test('a failed reading is told, and the next one works', async (t) => {
  const root = procRoot(t, '0 0 4294967295', row)
  const peers = new PeerUids(root)
  const table = join(root, 'self/net/tcp')
  writeFileSync(`${table}6`, '')
  const broken = new PeerUids(join(root, 'broken'))
  mkdirSync(join(root, 'broken/self/net/tcp'), { recursive: true })
  await t.rejects(broken.find(connection), { code: 'EISDIR' })
  await t.rejects(broken.find(connection), { code: 'EISDIR' })
  t.equal(await peers.find(connection), 65_534)
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
