import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { connectInProcess } from '../../src/inspector/in-process-transport.ts'
import { Session } from '../../src/inspector/session.ts'
import { fakeSession } from './fake-inspector.ts'

const chunkOf = (chunk: string) =>
  JSON.stringify({ method: 'HeapProfiler.addHeapSnapshotChunk', params: { chunk } })

t.test('a listener at work holds up the events and answers behind its event', async (t) => {
  const session = await fakeSession(t, ({ id }, socket) => {
    for (const chunk of ['a', 'b', 'c']) socket.send(chunkOf(chunk))
    socket.send(JSON.stringify({ id, result: {} }))
  })
  const log: string[] = []
  session.on('HeapProfiler.addHeapSnapshotChunk', async ({ chunk }) => {
    log.push(`${chunk} begins`)
    await sleep(10)
    log.push(`${chunk} ends`)
  })
  await session.send('HeapProfiler.takeHeapSnapshot', {})
  log.push('answer')
  const chunks = ['a', 'b', 'c'].flatMap((chunk) => [`${chunk} begins`, `${chunk} ends`])
  t.strictSame(log, [...chunks, 'answer'])
})

t.test('nothing is read meanwhile: the rest waits with the target', async (t) => {
  const chunk = 'x'.repeat(1_000_000)
  let unsentBytes = () => 0
  const session = await fakeSession(
    t,
    ({ id }, socket) => {
      for (let i = 0; i < 64; i++) socket.send(chunkOf(chunk))
      socket.send(JSON.stringify({ id, result: {} }))
      unsentBytes = () => socket.bufferedAmount
    },
    { maxMessageBytes: 2_000_000 },
  )
  let go = () => {}
  const gate = new Promise<void>((resolve) => {
    go = resolve
  })
  let count = 0
  const first = new Promise<void>((resolve) => {
    session.on('HeapProfiler.addHeapSnapshotChunk', () => {
      if (count++ > 0) return undefined
      resolve()
      return gate
    })
  })
  const answer = session.send('HeapProfiler.takeHeapSnapshot', {})
  await first
  for (let before = -1; before !== unsentBytes(); await sleep(200)) before = unsentBytes()
  t.equal(count, 1)
  // The kernel's socket buffers take some MB, whatever their tuning.
  t.ok(unsentBytes() > 32_000_000, `${unsentBytes()} of 64 MB wait`)
  go()
  await answer
  t.equal(count, 64)
})

t.test('a paused session can be closed, and what was held is dropped', async (t) => {
  const session = await fakeSession(t, (_, socket) => {
    for (const chunk of ['a', 'b', 'c']) socket.send(chunkOf(chunk))
  })
  const chunks: string[] = []
  let go = () => {}
  session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => {
    chunks.push(chunk)
    return new Promise<void>((resolve) => {
      go = resolve
    })
  })
  const call = session.send('HeapProfiler.takeHeapSnapshot', {})
  const rejected = t.rejects(call, { message: /: enough$/ })
  await sleep(50)
  await session.close('enough')
  await rejected
  go()
  await sleep(20)
  t.strictSame(chunks, ['a'])
})

t.test('two that hold a session both have to let go; letting go twice counts once', async (t) => {
  const session = await fakeSession(t, ({ id }, socket) => {
    socket.send(JSON.stringify({ id, result: {} }))
  })
  const [first, second] = [session.pause(), session.pause()]
  let answered = false
  const call = session.send('Profiler.enable').then(() => {
    answered = true
  })
  first()
  first()
  await sleep(50)
  t.equal(answered, false)
  second()
  await call
})

t.test('a listener whose work fails ends the session', async (t) => {
  const session = await fakeSession(t, (_, socket) => socket.send(chunkOf('a')))
  session.on('HeapProfiler.addHeapSnapshotChunk', async () => {
    throw new TypeError('broken')
  })
  await t.rejects(session.send('HeapProfiler.takeHeapSnapshot', {}), {
    message: /the target sent an unreadable HeapProfiler.addHeapSnapshotChunk$/,
  })
  await session.closed
})

t.test('what pprofd sends itself cannot be held back, but waits for its turn', async (t) => {
  const session = new Session(await connectInProcess(), { commandTimeoutMs: 5000 })
  t.teardown(() => session.close())
  const resume = session.pause()
  let answered = false
  const call = session.send('Runtime.getIsolateId').then(() => {
    answered = true
  })
  await sleep(20)
  t.equal(answered, false)
  resume()
  await call
})
