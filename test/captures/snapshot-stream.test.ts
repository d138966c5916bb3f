// Inspectors that send something else than a heap snapshot.
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { WebSocket } from 'ws'
import { streamSnapshot } from '../../src/captures/snapshot-stream.ts'
import { fakeSession } from '../inspector/fake-inspector.ts'
import { collector } from './heap-snapshots.ts'

const chunkOf = (chunk: unknown) =>
  JSON.stringify({ method: 'HeapProfiler.addHeapSnapshotChunk', params: { chunk } })

function snapshotOf(t: Parameters<typeof fakeSession>[0], chunks: readonly unknown[]) {
  return fakeSession(t, ({ id }, socket: WebSocket) => {
    for (const chunk of chunks) socket.send(chunkOf(chunk))
    socket.send(JSON.stringify({ id, result: {} }))
  })
}

t.test('a character that is cut in two by the border of two chunks stays one', async (t) => {
  const { write, bytes } = collector()
  const [high = '', low = ''] = '😀'.split('')
  const session = await snapshotOf(t, [`{"a":"é${high}`, `${low}`, '', '"}'])
  t.equal(await streamSnapshot(session, { write, stallMs: 1000 }), 14)
  t.equal(bytes().toString(), '{"a":"é😀"}')
})

for (const [what, chunks] of [
  ['nothing', []],
  ['half a snapshot', ['{"snapshot":']],
] as const) {
  t.test(`${what} is no recording`, async (t) => {
    const session = await snapshotOf(t, chunks)
    await t.rejects(streamSnapshot(session, { write: () => {}, stallMs: 1000 }), {
      code: 'recording-invalid',
      message: 'the target sent half a heap snapshot',
    })
  })
}

t.test('a chunk that is no text ends the session', async (t) => {
  const session = await snapshotOf(t, [[1, 2, 3]])
  await t.rejects(streamSnapshot(session, { write: () => {}, stallMs: 1000 }), {
    message: /the target sent an unreadable HeapProfiler.addHeapSnapshotChunk$/,
  })
})

t.test('given up, it reads on and drops what comes until the target is done', async (t) => {
  let done = false
  const session = await fakeSession(t, async ({ id }, socket) => {
    for (let i = 0; i < 5; i++) socket.send(chunkOf('{"a":1}'))
    await sleep(100)
    socket.send(JSON.stringify({ id, result: {} }))
    done = true
  })
  let writes = 0
  const write = () => {
    writes++
    return Promise.reject(new Error('full'))
  }
  await t.rejects(streamSnapshot(session, { write, stallMs: 1000 }), { message: 'full' })
  t.equal(writes, 1)
  t.equal(done, true)
  t.equal(session.isClosed, false, 'the connection is good for more')
})

t.test('a progress that cannot be shown ends it, too', async (t) => {
  const session = await fakeSession(t, ({ id }, socket) => {
    const params = { done: 1, total: 2 }
    socket.send(JSON.stringify({ method: 'HeapProfiler.reportHeapSnapshotProgress', params }))
    socket.send(JSON.stringify({ id, result: {} }))
  })
  const onProgress = () => {
    throw new Error('no screen')
  }
  const options = { write: () => {}, onProgress, stallMs: 1000 }
  await t.rejects(streamSnapshot(session, options), { message: 'no screen' })
})

t.test('a target that falls silent is given up', async (t) => {
  const session = await fakeSession(t, (_, socket) => socket.send(chunkOf('{')))
  await t.rejects(streamSnapshot(session, { write: () => {}, stallMs: 1000, silenceMs: 50 }), {
    code: 'recording-invalid',
    message: 'the target sent nothing of its heap snapshot for 0.05 s',
  })
})
