import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { InspectorError } from '../../src/errors.ts'
import { evaluate } from '../../src/inspector/evaluate.ts'
import { WorkerSessions } from '../../src/inspector/worker-sessions.ts'
import { fakeSession } from './fake-inspector.ts'

t.test('silence ends in command-timeout that names the command and the time', async (t) => {
  const session = await fakeSession(t, () => {})
  await t.rejects(session.send('Profiler.start', {}, { timeoutMs: 50 }), {
    code: 'command-timeout',
    message: 'Profiler.start: no answer from the target within 50 ms',
  })
  t.equal(session.isClosed, false, 'the connection stays usable')
})

t.test('the default of the session bounds every command', async (t) => {
  const session = await fakeSession(t, () => {}, { commandTimeoutMs: 60 })
  await t.rejects(session.send('Profiler.stop'), { message: /within 60 ms$/ })
})

t.test('a late answer of a call that timed out is ignored', async (t) => {
  const session = await fakeSession(t, ({ id, method }, socket) => {
    const delayMs = method === 'Profiler.enable' ? 100 : 0
    setTimeout(() => socket.send(JSON.stringify({ id, result: { id: method } })), delayMs)
  })
  await t.rejects(session.send('Profiler.enable', {}, { timeoutMs: 20 }))
  await sleep(150)
  t.strictSame(await session.send('Runtime.getIsolateId'), { id: 'Runtime.getIsolateId' })
})

t.test('a close in mid-call rejects every pending call with the reason', async (t) => {
  let received = 0
  const session = await fakeSession(t, (_, socket) => {
    if (++received === 3) socket.close()
  })
  const calls = [
    session.send('Profiler.enable'),
    session.sendRaw('Profiler.stop'),
    evaluate(session, '1'),
  ]
  for (const settled of await Promise.allSettled(calls)) {
    t.match(settled, {
      status: 'rejected',
      reason: { code: 'session-closed', message: /: the target closed the connection$/ },
    })
  }
  await session.closed
  t.equal(session.isClosed, true)
  await t.rejects(session.send('Profiler.start'), {
    code: 'session-closed',
    message: 'Profiler.start: the target closed the connection',
  })
})

t.test('closing it ourselves gives our reason', async (t) => {
  const session = await fakeSession(t, () => {})
  const call = session.send('Profiler.stop')
  const rejected = t.rejects(call, { message: 'Profiler.stop: pprofd is stopping' })
  await session.close('pprofd is stopping')
  await rejected
  await session.close('again')
  await t.rejects(session.send('Profiler.stop'), { message: /pprofd is stopping$/ })
})

t.test('an error reply is command-failed with the words of the target, bounded', async (t) => {
  const errors = [
    { error: { code: -32000, message: 'no\nprofile \x1b[31m' }, message: 'no profile  [31m' },
    { error: { message: 'x'.repeat(10_000) }, message: 'x'.repeat(500) },
    { error: 'odd', message: 'unknown error' },
    { error: null, message: 'unknown error' },
  ]
  const session = await fakeSession(t, ({ id }, socket) => {
    socket.send(JSON.stringify({ id, error: errors[id - 1]?.error }))
  })
  for (const { message } of errors) {
    await t.rejects(session.send('Profiler.stop'), {
      code: 'command-failed',
      message: `Profiler.stop: ${message}`,
    })
  }
})

t.test('answers to other ids are ignored', async (t) => {
  const session = await fakeSession(t, ({ id }, socket) => {
    for (const wrong of [id + 1, -1, 0, 1e20, id + 0.5]) {
      socket.send(JSON.stringify({ id: wrong, result: { id: 'wrong' } }))
      socket.send(JSON.stringify({ id: wrong, error: { message: 'wrong' } }))
    }
    socket.send(JSON.stringify({ id, result: { id: 'right' } }))
    socket.send(JSON.stringify({ id, result: { id: 'twice' } }))
  })
  t.strictSame(await session.send('Runtime.getIsolateId'), { id: 'right' })
})

for (const noise of ['', 'no json', '42', 'null', '{}', '{"id":"1","result":{}}', '\u0000']) {
  t.test(`${JSON.stringify(noise)} ends the session`, async (t) => {
    const session = await fakeSession(t, (_, socket) => socket.send(noise))
    await t.rejects(session.send('Profiler.stop'), {
      code: 'session-closed',
      message: /the target sent what is no message of the inspector protocol/,
    })
    await session.closed
  })
}

t.test('the stack of an error shows who sent the command', async (t) => {
  const session = await fakeSession(t, () => {})
  const stackOf = async (sent: Promise<unknown>) => {
    const error = await sent.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    t.ok(error instanceof InspectorError)
    return error instanceof Error ? String(error.stack) : ''
  }
  function theCaller() {
    return session.send('Profiler.stop', {}, { timeoutMs: 20 })
  }
  function anotherCaller() {
    return session.send('Profiler.start')
  }
  t.match(await stackOf(theCaller()), /^InspectorError: Profiler\.stop: no answer.*theCaller/s)
  const pending = stackOf(anotherCaller())
  await session.close()
  t.match(await pending, /anotherCaller/)
  t.match(await stackOf(anotherCaller()), /anotherCaller/, 'also on a session closed before')
})

t.test('an AbortSignal ends the waiting', async (t) => {
  const session = await fakeSession(t, () => {})
  const reason = new Error('the client left')
  await t.rejects(session.send('Profiler.stop', {}, { signal: AbortSignal.abort(reason) }), reason)
  const controller = new AbortController()
  const call = session.send('Profiler.stop', {}, { signal: controller.signal })
  controller.abort(reason)
  await t.rejects(call, reason)
  t.equal(session.isClosed, false)
})

t.test('an event flood is not kept, and the answer behind it arrives', async (t) => {
  const flood = 20_000
  const noise = JSON.stringify({
    method: 'Runtime.consoleAPICalled',
    params: { text: 'x'.repeat(2000) },
  })
  const session = await fakeSession(t, ({ id }, socket) => {
    for (let sent = 0; sent < flood; sent++) socket.send(noise)
    socket.send(JSON.stringify({ id, result: { id: 'after the flood' } }))
  })
  const before = process.memoryUsage()
  const answer = await session.send('Runtime.getIsolateId', {}, { timeoutMs: 60_000 })
  t.strictSame(answer, { id: 'after the flood' })
  // The server's 40 MB of frames are in this process, too; keeping events as objects would add as much.
  const grown = process.memoryUsage().heapUsed - before.heapUsed
  t.ok(grown < 200 * 1024 * 1024, `${grown} bytes of heap`)
})

t.test('listeners of an event all hear it, with its parameters', async (t) => {
  const session = await fakeSession(t, ({ id }, socket) => {
    socket.send('{"method":"NodeRuntime.waitingForDisconnect","params":{}}')
    socket.send('{"method":"Something.else","params":{}}')
    socket.send(JSON.stringify({ id, result: {} }))
  })
  const heard: unknown[] = []
  session.on('NodeRuntime.waitingForDisconnect', (params) => heard.push(params))
  session.on('NodeRuntime.waitingForDisconnect', (params) => heard.push(params))
  await session.send('Profiler.enable')
  t.strictSame(heard, [{}, {}])
})

t.test('a raw result is the bytes as they came', async (t) => {
  const result = '{ "profile" : {"nodes":[1, 2],"text":"\u20ac"} }'
  const session = await fakeSession(t, ({ id }, socket) => {
    socket.send(`{"id":${id},"result":${result}}`)
  })
  const bytes = await session.sendRaw('Profiler.stop')
  t.equal(Buffer.from(bytes).toString(), result)
})

t.test('a raw result is right also when the message is written otherwise', async (t) => {
  const forms = [
    (id: number) => `{"result":{"profile":{}},"id":${id}}`,
    (id: number) => `{ "id": ${id}, "result": {"profile":{}} }`,
    (id: number) => `{"id":${id},"sessionId":"1","result":{"profile":{}}}`,
  ]
  const session = await fakeSession(t, ({ id }, socket) => socket.send(forms[id - 1]?.(id) ?? ''))
  for (const form of forms) {
    const bytes = await session.sendRaw('Profiler.stop')
    t.equal(Buffer.from(bytes).toString(), '{"profile":{}}', form(1))
  }
})

t.test('a raw call that fails rejects, and one without a result is an empty object', async (t) => {
  const session = await fakeSession(t, ({ id }, socket) => {
    socket.send(id === 1 ? `{"id":1,"error":{"message":"No recording"}}` : `{"id":${id}}`)
  })
  await t.rejects(session.sendRaw('Profiler.stop'), { message: 'Profiler.stop: No recording' })
  t.equal(Buffer.from(await session.sendRaw('Profiler.stop')).toString(), '{}')
})

t.test('evaluate gives the value, or says that the target threw', async (t) => {
  const session = await fakeSession(t, ({ id }, socket) => {
    const result = { type: 'number', value: 3 }
    const exceptionDetails = id === 1 ? {} : { exceptionDetails: { text: 'Uncaught' } }
    socket.send(JSON.stringify({ id, result: { result, ...exceptionDetails } }))
  })
  t.equal(await evaluate(session, '1 + 2'), 3)
  await t.rejects(evaluate(session, 'oops()'), {
    code: 'command-failed',
    message: 'the target could not evaluate: oops()',
  })
})

t.test('an event that its listener cannot read ends the session, not pprofd', async (t) => {
  const events = ['null', '{}', '{"sessionId":1,"workerInfo":null}', '[]', '7']
  for (const params of events) {
    const session = await fakeSession(t, ({ method }, socket) => {
      if (method !== 'NodeWorker.enable') return
      socket.send(`{"method":"NodeWorker.attachedToWorker","params":${params}}`)
    })
    const opening = WorkerSessions.open(session, { commandTimeoutMs: 1000, onWorker: () => {} })
    await t.rejects(opening, {
      code: 'session-closed',
      message: 'NodeWorker.enable: the target sent an unreadable NodeWorker.attachedToWorker',
    })
  }
})
