// Clients that take their answers slowly, or not at all, and users with too many connections: on real sockets.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { spawnWithHeap } from '../captures/heap-snapshots.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { until } from '../targets/new-targets.ts'
import { listenAnywhere, type StartedApp, startApp } from './start-app.ts'

/** More than the kernel's buffers of both ends hold. */
const bigBytes = 48 * 1024 * 1024

t.test(
  'a client that takes nothing of a whole answer keeps others out, until it is cut off',
  async (t) => {
    const limits = { stallSeconds: 2, bytesInFlight: 1_048_576 }
    const started = startApp(t, { limits })
    addBig(started)
    const port = await listenAnywhere(started.app)
    const silent = await ask(t, port, '/big')
    await once(silent, 'readable')
    // The only answer may be larger than the limit; a second one may not wait beside it.
    const second = await fetch(`http://127.0.0.1:${port}/big`)
    t.equal(second.status, 429)
    t.equal(second.headers.get('retry-after'), '5')
    t.equal(second.headers.get('x-go-pprof'), '1')
    t.equal(
      await second.text(),
      'too many bytes of answers wait for their clients to take them; ask again in 5 s\n',
    )
    const capture = await fetch(`http://127.0.0.1:${port}/targets/self/debug/pprof/threadcreate`)
    t.equal(capture.status, 429, 'nor is anything recorded that would wait')
    t.equal(capture.headers.get('retry-after'), '5')
    const health = await fetch(`http://127.0.0.1:${port}/healthz`)
    t.equal(health.status, 200, 'what is small is never in the way')
    await until(async () => (await fetch(`http://127.0.0.1:${port}/big`)).status === 200)
    t.ok((await readAll(silent)) < bigBytes, 'it was cut off')
  },
)

t.test('a client that rests now and then gets all of its answer', async (t) => {
  const started = startApp(t, { limits: { stallSeconds: 3 } })
  addBig(started)
  const socket = await ask(t, await listenAnywhere(started.app), '/big')
  let sizeBytes = 0
  let rests = 0
  for await (const chunk of socket) {
    sizeBytes += chunk.length
    if (sizeBytes > bigBytes) break
    if (sizeBytes > rests * (bigBytes / 4)) {
      rests++
      await sleep(1000)
    }
  }
  t.equal(rests, 4, 'longer in all than it may rest at a time')
  t.ok(sizeBytes > bigBytes)
})

t.test('a capture whose stream nobody takes is ended, and its target let go', async (t) => {
  const spawned = await spawnWithHeap(t, 150_000)
  const started = startApp(t, { limits: { stallSeconds: 1 } })
  const port = await listenAnywhere(started.app)
  const socket = await ask(t, port, `/targets/${spawned.pid}/debug/heapsnapshot`)
  await once(socket, 'readable')
  const isOver = () => started.log.some(({ msg }) => msg === 'heapsnapshot capture ended')
  t.ok(await until(isOver, 60_000))
  t.match(started.log.at(-1), {
    outcome: 'capture-aborted',
    reason: 'the client took nothing of its answer for 1 s',
  })
  t.ok(Number(started.log.at(-1)?.sentBytes) > 100_000)
  t.ok(await until(async () => (await listeningPorts(spawned.pid)).length === 0))
  t.ok(spawned.isAlive())
})

t.test('the connections and the captures of one user are counted', async (t) => {
  const started = startApp(t, { limits: { connectionsPerUid: 2, capturesPerUid: 1 } })
  const port = await listenAnywhere(started.app)
  const [first] = [await ask(t, port, '/healthz'), await ask(t, port, '/healthz')]
  for (let again = 0; again < 3; again++) {
    const refused = await fetch(`http://127.0.0.1:${port}/healthz`)
    t.equal(refused.status, 429)
    t.equal(refused.headers.get('retry-after'), '1')
    t.equal(refused.headers.get('connection'), 'close')
    t.match(
      await refused.text(),
      /^2 connections of this user are open and the limit is 2; close some/,
    )
  }
  first?.destroy()
  const isServed = async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).ok
  t.ok(await until(isServed), 'one that closes makes room')
})

t.test(
  'a connection that says nothing, and one that has its answer and rests, are closed',
  async (t) => {
    const { app } = startApp(t)
    app.server.keepAliveTimeout = 500
    const port = await listenAnywhere(app)
    const silent = connect(port, '127.0.0.1')
    const resting = await ask(t, port, '/healthz')
    t.teardown(() => silent.destroy())
    const said = readAll(silent)
    await readAll(resting)
    t.ok((await said) > 0, 'in words')
  },
)

function addBig({ app }: StartedApp): void {
  app.get('/big', (_request, reply) => reply.send(Buffer.alloc(bigBytes)))
}

/** Sends the request and reads nothing. */
async function ask(t: Test, port: number, path: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  await once(socket, 'connect')
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  return socket
}

/** Until the other end closes, in whatever way. */
async function readAll(socket: Socket): Promise<number> {
  let sizeBytes = 0
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => {
    sizeBytes += chunk.length
  })
  socket.resume()
  if (!socket.closed) await once(socket, 'close')
  return sizeBytes
}
