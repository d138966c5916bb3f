import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { fakeSession } from './fake-inspector.ts'

/** Longer than all the no-ops of one command take together. */
const quietMs = 150

t.test('an answer behind another message is fetched by a no-op', async (t) => {
  let awaited: number | undefined
  const session = await fakeSession(t, ({ id, method }, socket) => {
    if (method === 'Profiler.enable') {
      awaited = id
      socket.send(JSON.stringify({ method: 'Profiler.consoleProfileStarted', params: {} }))
    } else if (awaited !== undefined) {
      // As TCP does: what was held back goes out when something comes.
      socket.send(JSON.stringify({ id: awaited, result: {} }))
      awaited = undefined
    }
  })
  await t.resolves(session.send('Profiler.enable'))
})

t.test(
  'no-ops are few, and none is sent where nothing else has come, or nothing more is awaited',
  async (t) => {
    const received: string[] = []
    const session = await fakeSession(t, ({ id, method }, socket) => {
      received.push(method)
      if (method === 'Profiler.enable') socket.send(JSON.stringify({ id, result: {} }))
      if (method === 'Profiler.stop') {
        for (let i = 0; i < 100; i++)
          socket.send(JSON.stringify({ method: 'Any.event', params: {} }))
      }
    })
    await session.send('Profiler.enable')
    await sleep(quietMs)
    t.strictSame(received, ['Profiler.enable'])
    await t.rejects(session.send('Profiler.disable', {}, { timeoutMs: quietMs }))
    t.strictSame(received, ['Profiler.enable', 'Profiler.disable'])
    await t.rejects(session.send('Profiler.stop', {}, { timeoutMs: quietMs }))
    t.equal(received.filter((method) => method === 'Runtime.getIsolateId').length, 6)
  },
)
