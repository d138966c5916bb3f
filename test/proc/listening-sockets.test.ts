import { once } from 'node:events'
import { createServer } from 'node:net'
import t from 'tap'
import {
  namespaceListeners,
  parseListeners,
  processListeners,
} from '../../src/proc/listening-sockets.ts'
import { fakeProc } from './fake-proc.ts'

const header =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'

function row(local: string, { state = '0A', uid = 1000, inode = 55 } = {}): string {
  const remote = local.replace(/[^:]/g, '0')
  return `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000  ${uid}        0 ${inode} 1 0000000000000000 100 0 0 10 0\n`
}

const addresses = [
  { local: '0100007F:240D', address: '127.0.0.1', port: 9229, isLoopback: true },
  { local: '0200007F:0001', address: '127.0.0.2', port: 1, isLoopback: true },
  { local: '00000000:1F90', address: '0.0.0.0', port: 8080, isLoopback: false },
  { local: '0A0B0C7F:FFFF', address: '127.12.11.10', port: 65535, isLoopback: true },
  { local: '0501A8C0:0050', address: '192.168.1.5', port: 80, isLoopback: false },
  {
    local: '00000000000000000000000001000000:240D',
    address: '00000000000000000000000000000001',
    port: 9229,
    isLoopback: true,
  },
  {
    local: '00000000000000000000000000000000:1F91',
    address: '00000000000000000000000000000000',
    port: 8081,
    isLoopback: false,
  },
  {
    local: '0000000000000000FFFF00000100007F:240D',
    address: '00000000000000000000ffff7f000001',
    port: 9229,
    isLoopback: true,
  },
  {
    local: '0000000000000000FFFF00000501A8C0:240D',
    address: '00000000000000000000ffffc0a80105',
    port: 9229,
    isLoopback: false,
  },
  {
    local: 'B80D0120000000000000000067452301:01BB',
    address: '20010db8000000000000000001234567',
    port: 443,
    isLoopback: false,
  },
]

for (const { local, ...expected } of addresses) {
  t.test(`reads ${local}`, async (t) => {
    t.strictSame(parseListeners(header + row(local)), [{ ...expected, uid: 1000, inode: '55' }])
  })
}

t.test('leaves out what does not listen, and garbage', async (t) => {
  const states = ['01', '02', '06', '0B'].map((state) => row('0100007F:240D', { state })).join('')
  t.strictSame(parseListeners(header + states), [])
  for (const text of ['', header, `${header}\n\n`, `${header} 0: : : 0A`, `${header}garbage\n`]) {
    t.strictSame(parseListeners(text), [], JSON.stringify(text))
  }
  t.equal(parseListeners(header + row('nonsense') + row('0100007F:0001')).length, 1)
})

t.test('finds sockets of the own process, and only those', async (t) => {
  const [v4, v6] = [createServer(), createServer()]
  t.teardown(() => [v4.close(), v6.close()])
  v4.listen(0, '127.0.0.1')
  await once(v4, 'listening')
  const ports = [portOf(v4)]
  v6.listen(0, '::1')
  if (
    await Promise.race([
      once(v6, 'listening').then(() => true),
      once(v6, 'error').then(() => false),
    ])
  ) {
    ports.push(portOf(v6))
  }
  const all = await namespaceListeners(process.pid)
  for (const port of ports) {
    t.match(
      all.find((socket) => socket.port === port),
      { uid: process.geteuid?.(), isLoopback: true, inode: /^\d+$/ },
    )
  }
  const own = await processListeners(process.pid, 12345)
  t.ok(own.some((socket) => socket.port === portOf(v4)))
  t.ok(own.every(({ inode }) => all.some((socket) => socket.inode === inode)))
  t.strictSame(await processListeners(2 ** 22 + 1, 0), [], 'none of a process that is gone')
})

t.test('joins descriptors with the tables, by inode', async (t) => {
  const tcp = header + row('0100007F:0001', { inode: 1 }) + row('0100007F:0002', { inode: 2 })
  const fd = { 'fd/0': { link: '/dev/null' }, 'fd/3': { link: 'socket:[2]' }, 'fd/4': 'no link' }
  const root = fakeProc(t, { 1: { 'net/tcp': tcp, 'fd/3': fd['fd/3'], 'fd/0': fd['fd/0'] } })
  const found = await processListeners(1, 1000, root)
  t.strictSame(
    found.map(({ port }) => port),
    [2],
    'without a table for IPv6, too',
  )
})

t.test('reads the listeners among many connections, and no further', async (t) => {
  const listening = Array.from({ length: 5 }, (_, index) => row(`0100007F:000${index + 1}`))
  // Before Linux 4.4 what is not accepted yet stands between them.
  listening.splice(2, 0, row('0100007F:0002', { state: '03' }))
  const connections = Array.from({ length: 100 }, () => row('0100007F:0009', { state: '01' }))
  const tcp = header + listening.join('') + connections.join('') + row('0100007F:0008')
  const root = fakeProc(t, {
    1: { 'net/tcp': tcp, 'net/tcp6': tcp, 'net/sockstat6': 'TCP6: inuse 7\nUDP6: inuse 1\n' },
    2: { 'net/tcp': tcp, 'net/tcp6': tcp, 'net/sockstat6': 'TCP6: inuse 0\nUDP6: inuse 1\n' },
  })
  const ports = async (pid: number) => (await namespaceListeners(pid, root)).map(({ port }) => port)
  t.strictSame(await ports(1), [1, 2, 3, 4, 5, 1, 2, 3, 4, 5])
  t.strictSame(await ports(2), [1, 2, 3, 4, 5], 'where there is no IPv6 its table is not read')
})

function portOf(server: ReturnType<typeof createServer>): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
