// Captures of targets given by port, which are no Node but a fake that answers as it likes.
import t, { type Test } from 'tap'
import type { WebSocket } from 'ws'
import { recordCpu } from '../../src/captures/cpu.ts'
import { fakeInspectorWithList, type ReceivedCommand } from '../inspector/fake-inspector.ts'
import { configured, newTargets } from '../targets/new-targets.ts'

type Answers = Readonly<Record<string, (command: ReceivedCommand, socket: WebSocket) => void>>

const version = { result: { type: 'object', value: [1, 'v99.1.2'] } }

async function capture(t: Test, answers: Answers, maxMessageBytes = 1024 * 1024) {
  const received: string[] = []
  const port = await fakeInspectorWithList(t, (command, socket) => {
    received.push(command.method)
    const answer = answers[command.method]
    if (answer !== undefined) return answer(command, socket)
    const result = command.method === 'Runtime.evaluate' ? version : {}
    return socket.send(JSON.stringify({ id: command.id, result }))
  })
  const targets = newTargets(t, {
    configured: [configured('fake', { port })],
    discover: false,
    commandTimeoutMs: 300,
    maxMessageBytes,
  })
  const target = await targets.resolve('fake')
  return { received, done: recordCpu(targets, target, { durationMs: 20, hz: 100 }) }
}

const result =
  (text: string) =>
  ({ id }: ReceivedCommand, socket: WebSocket) =>
    socket.send(`{"id":${id},"result":${text}}`)

const error = ({ id }: ReceivedCommand, socket: WebSocket) =>
  socket.send(`{"id":${id},"error":{"message":"no"}}`)

t.test('a profile is handed over byte for byte', async (t) => {
  const profile = '{ "nodes" : [], "startTime":1,"endTime":2, "x":"\u20ac" }'
  const { received, done } = await capture(t, { 'Profiler.stop': result(`{"profile":${profile}}`) })
  const recording = await done
  t.equal(Buffer.from(recording.threads[0]?.profileJson ?? '').toString(), profile)
  t.match(recording, { target: { pid: 0, name: 'fake', nodeVersion: 'v99.1.2' } })
  t.ok(received.includes('Profiler.disable'), 'the profiler is switched off')
})

for (const text of ['{}', 'null', '[]', '{"profil":{}}', '{"other":1,"profile":{}}']) {
  t.test(`${text} is no profile`, async (t) => {
    const { done } = await capture(t, { 'Profiler.stop': result(text) })
    await t.rejects(done, { code: 'recording-invalid', message: 'the target sent no CPU profile' })
  })
}

t.test('a start that fails is reported, and the profiler switched off', async (t) => {
  for (const method of ['Profiler.enable', 'Profiler.setSamplingInterval', 'Profiler.start']) {
    const { received, done } = await capture(t, { [method]: error })
    await t.rejects(done, { code: 'command-failed', message: `${method}: no` })
    t.ok(received.includes('Profiler.disable'), method)
  }
})

t.test('silence after attaching ends in bounded time', async (t) => {
  const silence = () => {}
  const { done } = await capture(t, { 'Runtime.evaluate': silence })
  await t.rejects(done, {
    code: 'attach-failed',
    message: /no answer from the target within 300 ms/,
  })
})

t.test('what is recorded is kept though the profiler does not confirm its end', async (t) => {
  const { done } = await capture(t, {
    'Profiler.disable': () => {},
    'Profiler.stop': result('{"profile":{"nodes":[]}}'),
  })
  t.match(await done, { threads: [{ thread: 'main' }] })
})

t.test('an older runtime without NodeRuntime is recorded all the same', async (t) => {
  const { done } = await capture(t, {
    'NodeRuntime.notifyWhenWaitingForDisconnect': error,
    'Profiler.stop': result('{"profile":{"nodes":[]}}'),
  })
  t.match(await done, { threads: [{ thread: 'main' }] })
})

t.test('a version that is none is unknown', async (t) => {
  for (const value of ['7', '[1,"<script>"]', '[1,"v1.2.3; rm"]', '{}']) {
    const { done } = await capture(t, {
      'Runtime.evaluate': result(`{"result":{"type":"object","value":${value}}}`),
      'Profiler.stop': result('{"profile":{"nodes":[]}}'),
    })
    const { target } = await done
    t.match(target.nodeVersion, /^(unknown|v1\.2\.3)$/, value)
  }
})

t.test('a profile above the limit fails with the limit as the reason', async (t) => {
  const text = `{"profile":{"nodes":["${'x'.repeat(5000)}"]}}`
  const { done } = await capture(t, { 'Profiler.stop': result(text) }, 4096)
  await t.rejects(done, { code: 'message-too-large' })
})
