// Clients of a timeline that leave, and what ends while it is recorded.
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import t from 'tap'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { isAsBefore, until } from '../targets/new-targets.ts'
import { listenAnywhere, type StartedApp, startApp } from './start-app.ts'

t.setTimeout(120_000)

t.test(
  'a client that leaves ends the recording at once, and the target is as before',
  async (t) => {
    const spawned = await spawn(t)
    const ports = await listeningPorts(spawned.pid)
    const started = startApp(t)
    const response = await ask(started, spawned.pid)
    const [first] = await once(response, 'data')
    t.match(String(first), /^\[\{"name":"hz","ph":"M","ts":0,"args":\{"hz":99\}\}\n,/)
    t.strictSame(outcomes(started), [], 'it streams: the recording goes on')
    response.destroy()
    t.ok(await until(() => outcomes(started).length === 1))
    t.strictSame(outcomes(started), ['capture-aborted'])
    t.ok(await until(() => started.targets.inspectorsLeftOpen === 0))
    await isAsBefore(t, spawned, ports)
  },
)

t.test('a target that is killed cuts the connection', async (t) => {
  const spawned = await spawn(t)
  const started = startApp(t)
  const response = await ask(started, spawned.pid)
  response.once('data', () => spawned.child.kill('SIGKILL'))
  await t.rejects(readAll(response), { code: 'ECONNRESET' })
  t.ok(await until(() => outcomes(started).length === 1))
  t.strictSame(outcomes(started), ['target-vanished'])
})

t.test('a stopping pprofd cuts the connection', async (t) => {
  const spawned = await spawn(t)
  const ports = await listeningPorts(spawned.pid)
  const started = startApp(t)
  const response = await ask(started, spawned.pid)
  await once(response, 'data')
  const reading = t.rejects(readAll(response), { code: 'ECONNRESET' })
  await started.app.close()
  await reading
  t.strictSame(outcomes(started), ['capture-aborted'])
  await isAsBefore(t, spawned, ports)
})

function spawn(t: Parameters<typeof spawnTarget>[0]) {
  return spawnTarget(t, 'alternating.cjs', { nodeArguments: ['--inspect-port=0'] })
}

async function ask({ app }: StartedApp, pid: number) {
  const port = await listenAnywhere(app)
  const path = `/targets/${pid}/debug/fgtrace?seconds=60`
  const [response]: IncomingMessage[] = await once(get({ port, path, agent: false }), 'response')
  if (response === undefined) throw new Error('no response')
  return response
}

async function readAll(response: IncomingMessage): Promise<number> {
  let sizeBytes = 0
  for await (const chunk of response) sizeBytes += chunk.length
  return sizeBytes
}

function outcomes({ log }: StartedApp): readonly unknown[] {
  return log.filter(({ msg }) => msg === 'fgtrace capture ended').map(({ outcome }) => outcome)
}
