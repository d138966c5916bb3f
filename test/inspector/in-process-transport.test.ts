import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { evaluate } from '../../src/inspector/evaluate.ts'
import { connectInProcess } from '../../src/inspector/in-process-transport.ts'
import { Session } from '../../src/inspector/session.ts'
import { WorkerSessions } from '../../src/inspector/worker-sessions.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'

async function ownSession(): Promise<Session> {
  return new Session(await connectInProcess(), { commandTimeoutMs: 5000 })
}

t.test('answers from within, without a port', async (t) => {
  const before = await listeningPorts(process.pid)
  const session = await ownSession()
  t.strictSame(await evaluate(session, '[process.pid, process.version]'), [
    process.pid,
    process.version,
  ])
  t.strictSame(await listeningPorts(process.pid), before)
  await session.close()
})

t.test('profiles itself', async (t) => {
  const session = await ownSession()
  await session.send('Profiler.enable')
  await session.send('Profiler.start')
  const raw = await session.sendRaw('Profiler.stop')
  t.match(JSON.parse(Buffer.from(raw).toString()), { profile: { nodes: Array } })
  await session.close()
})

t.test('leaves worker threads alone', async (t) => {
  const session = await ownSession()
  const worker = new Worker('setInterval(() => {}, 1000)', { eval: true })
  t.teardown(() => worker.terminate())
  await once(worker, 'online')
  const found: string[] = []
  const onWorker = ({ thread }: { readonly thread: string }) => void found.push(thread)
  const workers = await WorkerSessions.open(session, { commandTimeoutMs: 5000, onWorker })
  t.strictSame(found, [])
  await workers.close()
  await session.close()
})

t.test('an error reply is command-failed', async (t) => {
  const session = await ownSession()
  await t.rejects(session.send('Profiler.stop'), {
    code: 'command-failed',
    message: /^Profiler.stop: /,
  })
  await t.rejects(evaluate(session, 'nowhere.to.be.found'), { code: 'command-failed' })
  await session.close()
})

t.test('closing rejects what is pending and ends every later call', async (t) => {
  const session = await ownSession()
  const pending = t.rejects(
    session.send('Runtime.evaluate', { expression: 'new Promise(() => {})', awaitPromise: true }),
    { code: 'session-closed', message: /the session was closed/ },
  )
  await session.close()
  await session.close()
  await pending
  await t.rejects(session.send('Profiler.enable'), { code: 'session-closed' })
})

t.test('two sessions do not disturb each other', async (t) => {
  const [first, second] = [await ownSession(), await ownSession()]
  await first.send('Profiler.enable')
  await first.send('Profiler.start')
  await second.close()
  t.match(await first.send('Profiler.stop'), { profile: { nodes: Array } })
  await first.close()
})
