import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { WebSocket } from 'ws'
import type { Session } from '../../src/inspector/session.ts'
import { type Worker, WorkerSessions } from '../../src/inspector/worker-sessions.ts'
import { fakeSession, type ReceivedCommand } from './fake-inspector.ts'

type Answer = (command: ReceivedCommand, socket: WebSocket) => void

const event = (socket: WebSocket, method: string, params: object) =>
  socket.send(JSON.stringify({ method, params }))

function attach(socket: WebSocket, sessionId: string, title: string): void {
  const workerInfo = { workerId: sessionId, type: 'worker', title, url: 'file:///w.js' }
  event(socket, 'NodeWorker.attachedToWorker', { sessionId, workerInfo, waitingForDebugger: false })
}

/** A session whose target answers everything, and `NodeWorker.enable` after `onEnable`. */
async function sessionWith(t: Test, onEnable: Answer, onOther: Answer = () => {}) {
  const received: string[] = []
  const session = await fakeSession(t, (command, socket) => {
    received.push(command.method)
    if (command.method === 'NodeWorker.enable') onEnable(command, socket)
    else onOther(command, socket)
    socket.send(JSON.stringify({ id: command.id, result: {} }))
  })
  return { session, received }
}

async function workersOf(session: Session) {
  const workers: Worker[] = []
  const options = { commandTimeoutMs: 2000, onWorker: (worker: Worker) => workers.push(worker) }
  return { workers, sessions: await WorkerSessions.open(session, options) }
}

t.test('threads are called by their name and number', async (t) => {
  const cases = [
    ['[worker 3] pool', 'pool#3'],
    ['[worker 4] pool', 'pool#4'],
    ['[worker 5] WorkerThread', 'worker#5'],
    ['[worker 6]', 'worker#6'],
    ['[worker 7] [worker 8] x', '[worker 8] x#7'],
    [`[worker 9] ${'x'.repeat(5000)}`, `${'x'.repeat(100)}#9`],
    ['something else', 'worker#7th'],
  ] as const
  const { session } = await sessionWith(t, (_, socket) => {
    for (const [index, [title]] of cases.entries()) attach(socket, `${index + 1}th`, title)
  })
  const { workers } = await workersOf(session)
  t.strictSame(
    workers.map(({ thread }) => thread),
    cases.map(([, thread]) => thread),
  )
})

t.test('commands and answers travel inside those of the main thread', async (t) => {
  const { session } = await sessionWith(
    t,
    (_, socket) => attach(socket, 's1', '[worker 1]'),
    ({ method, params }, socket) => {
      if (method !== 'NodeWorker.sendMessageToWorker') return
      const { sessionId, message } = params as { sessionId: string; message: string }
      const { id } = JSON.parse(message)
      const answer = JSON.stringify({ id, result: { id: `of ${sessionId}` } })
      for (const to of ['another', sessionId]) {
        event(socket, 'NodeWorker.receivedMessageFromWorker', { sessionId: to, message: answer })
      }
    },
  )
  const { workers } = await workersOf(session)
  t.strictSame(await workers[0]?.session.send('Runtime.getIsolateId'), { id: 'of s1' })
})

t.test('a worker that ends rejects what is pending, and so does the end of all', async (t) => {
  let peer: WebSocket | undefined
  const { session } = await sessionWith(t, (_, socket) => {
    peer = socket
    for (const id of ['s1', 's2']) attach(socket, id, '[worker 1]')
  })
  const { workers } = await workersOf(session)
  const [first, second] = workers.map(({ session }) => session.send('Profiler.stop'))
  const firstFails = t.rejects(Promise.resolve(first), { code: 'session-closed' })
  if (peer) event(peer, 'NodeWorker.detachedFromWorker', { sessionId: 's1' })
  await firstFails
  t.equal(workers[1]?.session.isClosed, false)
  const secondFails = t.rejects(Promise.resolve(second), { code: 'session-closed' })
  peer?.terminate()
  await secondFails
})

t.test('after close nobody listens, however often it was opened', async (t) => {
  let peer: WebSocket | undefined
  const { session, received } = await sessionWith(t, (_, socket) => {
    peer = socket
    attach(socket, 's1', '[worker 1]')
  })
  const all: Worker[] = []
  for (let round = 1; round <= 3; round++) {
    const { workers, sessions } = await workersOf(session)
    t.equal(workers.length, 1)
    await sessions.close()
    t.ok(workers[0]?.session.isClosed)
    all.push(...workers)
    if (peer) attach(peer, `late${round}`, '[worker 2]')
    await session.send('Runtime.getIsolateId')
    t.equal(workers.length, 1, 'a late worker is nobody’s')
  }
  t.equal(all.length, 3)
  t.equal(received.filter((method) => method === 'NodeWorker.disable').length, 3)
  t.equal(received.filter((method) => method === 'NodeWorker.detach').length, 3)
})

t.test('a target without the domain has no workers; one that is silent fails', async (t) => {
  const without = await fakeSession(t, ({ id }, socket) => {
    socket.send(JSON.stringify({ id, error: { message: "'NodeWorker.enable' wasn't found" } }))
  })
  t.strictSame((await workersOf(without)).workers, [])
  const silent = await fakeSession(t, () => {}, { commandTimeoutMs: 50 })
  await t.rejects(workersOf(silent), { code: 'command-timeout' })
})

t.test('a flood of workers, twice the same, or messages of none, is bounded', async (t) => {
  const { session } = await sessionWith(t, (_, socket) => {
    for (let i = 0; i < 5000; i++) attach(socket, `s${i % 3000}`, `[worker ${i}]`)
    for (let i = 0; i < 5000; i++) {
      event(socket, 'NodeWorker.receivedMessageFromWorker', { sessionId: `x${i}`, message: 'x' })
      event(socket, 'NodeWorker.detachedFromWorker', { sessionId: `x${i}` })
    }
  })
  const { workers, sessions } = await workersOf(session)
  t.equal(workers.length, 1000)
  await sessions.close()
  await sleep(20)
  t.ok(workers.every((worker) => worker.session.isClosed))
})

t.test('so is a flood of workers that come and go', async (t) => {
  const { session } = await sessionWith(t, (_, socket) => {
    for (let i = 0; i < 12_000; i++) {
      attach(socket, `s${i}`, `[worker ${i}]`)
      event(socket, 'NodeWorker.detachedFromWorker', { sessionId: `s${i}` })
    }
  })
  const { workers, sessions } = await workersOf(session)
  t.equal(workers.length, 10_000)
  await sessions.close()
})

t.test('a worker that sends no protocol ends alone', async (t) => {
  const { session } = await sessionWith(
    t,
    (_, socket) => {
      for (const id of ['s1', 's2']) attach(socket, id, '[worker 1]')
    },
    ({ method, params }, socket) => {
      if (method !== 'NodeWorker.sendMessageToWorker') return
      const { sessionId } = params as { sessionId: string }
      if (sessionId !== 's1') return
      event(socket, 'NodeWorker.receivedMessageFromWorker', { sessionId, message: 'no json' })
    },
  )
  const { workers } = await workersOf(session)
  const answer = Promise.resolve(workers[0]?.session.send('Profiler.stop'))
  await t.rejects(answer, { code: 'session-closed' })
  t.equal(workers[1]?.session.isClosed, false)
  t.equal(session.isClosed, false)
})
