// Node dies where a connection to its inspector ends while it writes to it, so sessions end in silence.
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { findEndpoint } from '../../src/inspector/endpoint.ts'
import { Session } from '../../src/inspector/session.ts'
import { connectWebSocket } from '../../src/inspector/websocket-transport.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { fakeSession } from './fake-inspector.ts'

t.test('the connection ends when the last answer has come', async (t) => {
  const log: string[] = []
  const session = await fakeSession(t, ({ id, method }, socket) => {
    socket.once('close', () => log.push('ended'))
    setTimeout(() => {
      log.push('answered')
      const failed = { error: { message: 'no' }, id }
      const answer = method === 'Profiler.stop' ? failed : { id, result: {} }
      socket.send(JSON.stringify(answer))
    }, 60)
  })
  const pending = t.rejects(session.send('Profiler.enable'), { message: /gone$/ })
  session.send('Profiler.stop').catch(() => {})
  const closing = session.close('gone')
  t.equal(session.isClosed, true)
  await pending
  await closing
  await sleep(20)
  t.strictSame(log.slice(0, 3), ['answered', 'answered', 'ended'])
})

t.test('what is held back is dropped, and keeps no session open', async (t) => {
  const session = await fakeSession(t, ({ id }, socket) => {
    socket.send(JSON.stringify({ method: 'Any.event', params: {} }))
    socket.send(JSON.stringify({ id, result: {} }))
  })
  session.pause()
  const pending = t.rejects(session.send('Profiler.enable'), { code: 'session-closed' })
  await sleep(20)
  await session.close()
  await pending
})

t.test('a flood is not waited for', async (t) => {
  const session = await fakeSession(t, (_, socket) => {
    const timer = setInterval(() => {
      for (let i = 0; i < 20; i++) socket.send(JSON.stringify({ method: 'Any.event', params: {} }))
    }, 1)
    socket.once('close', () => clearInterval(timer))
  })
  session.send('Profiler.enable').catch(() => {})
  await session.close()
  t.equal(session.isClosed, true)
})

t.test('a target that is silent is not waited for', async (t) => {
  const session = await fakeSession(t, () => {})
  session.send('Profiler.enable').catch(() => {})
  await session.close()
  t.equal(session.isClosed, true)
})

for (const major of nodeMajors) {
  const { path: node = '', reason } = await nodeBinary(major)
  const title = `Node ${major} outlives sessions that are closed in the middle of their commands`
  t.test(title, { skip: reason ?? false }, async (t) => {
    const target = await spawnTarget(t, 'idle.cjs', { node, nodeArguments: ['--inspect=0'] })
    const [port = 0] = await listeningPorts(target.pid)
    const endpoint = await findEndpoint(port, 5000)
    if (endpoint === undefined) throw new Error('no inspector')
    const visit = async () => {
      const options = { maxMessageBytes: 1_000_000, timeoutMs: 5000 }
      const session = new Session(await connectWebSocket(endpoint, options), {
        commandTimeoutMs: 5000,
      })
      const expression = `'x'.repeat(500)`
      for (let i = 0; i < 5; i++) session.send('Runtime.evaluate', { expression }).catch(() => {})
      await sleep(Math.random() * 2)
      await session.close()
    }
    const lane = async () => {
      for (let i = 0; i < 30; i++) await visit()
    }
    await Promise.all([lane(), lane(), lane(), lane()])
    await sleep(50)
    t.ok(target.isAlive())
  })
}
