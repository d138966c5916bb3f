// What finding the user behind a connection costs with many sockets open: node bench/peer-uid.mjs [sockets]
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { PeerUids } from './build/access/peer-uids.js'
import { printMachine, spread } from './processes.mjs'
import { showTable } from './results.mjs'

/** Each connection has two. */
const sockets = Number(process.argv[2] ?? 8000)
const rounds = 30

const server = createServer().listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address()
const accepted = []
server.on('connection', (socket) => accepted.push(socket.on('error', () => undefined)))
const clients = []
for (let i = 0; i < sockets / 2; i++) {
  const client = connect(port, '127.0.0.1')
  clients.push(client)
  await once(client, 'connect')
}
while (accepted.length < clients.length) await new Promise((resolve) => setImmediate(resolve))

const ends = ({ localAddress, localPort, remoteAddress, remotePort }) => ({
  localAddress,
  localPort,
  remoteAddress,
  remotePort,
})
const peers = new PeerUids()
printMachine()
showTable('peer-uid', `${accepted.length * 2} sockets; ms, median (min to max) of ${rounds}`, {
  'one connection': await measure(1),
  '100 connections at once, in all': await measure(100),
})
for (const socket of [...clients, ...accepted]) socket.destroy()
server.close()

async function measure(count) {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const times = []
  const cpu = process.cpuUsage()
  for (let round = 0; round < rounds; round++) {
    delay.enable()
    const begin = performance.now()
    const found = accepted.slice(round, round + count).map((socket) => peers.find(ends(socket)))
    for (const uid of await Promise.all(found)) {
      if (uid !== process.getuid()) throw new Error(`found uid ${uid}`)
    }
    times.push(performance.now() - begin)
    delay.disable()
  }
  const { user, system } = process.cpuUsage(cpu)
  return {
    'found after, ms': spread(times, 1),
    'CPU, ms': ((user + system) / 1000 / rounds).toFixed(1),
    'event loop late by at most, ms': (delay.max / 1e6).toFixed(1),
  }
}
