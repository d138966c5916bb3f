// Clients of a heap snapshot that leave or are slow, and targets that vanish under it.
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { checkSnapshot, spawnWithHeap } from '../captures/heap-snapshots.ts'
import { isAsBefore, until } from '../targets/new-targets.ts'
import { listenAnywhere, type StartedApp, startApp } from './start-app.ts'

t.setTimeout(120_000)

t.test('a client that leaves in the middle ends the capture', async (t) => {
  const spawned = await spawnWithHeap(t, 50_000)
  const started = startApp(t)
  const response = await ask(started, spawned.pid)
  await once(response, 'data')
  response.destroy()
  t.ok(await until(() => outcomes(started).length === 1))
  t.strictSame(outcomes(started), ['capture-aborted'])
  t.ok(await until(() => started.targets.inspectorsLeftOpen === 0))
  await isAsBefore(t, spawned)
})

t.test('a target that is killed in the middle cuts the connection', async (t) => {
  for (const encoding of ['identity', 'gzip']) {
    const spawned = await spawnWithHeap(t, 200_000)
    const started = startApp(t)
    const response = await ask(started, spawned.pid, encoding)
    response.once('data', () => spawned.child.kill('SIGKILL'))
    await t.rejects(readAll(response), { code: 'ECONNRESET' })
    t.ok(await until(() => outcomes(started).length === 1))
    t.strictSame(outcomes(started), ['target-vanished'])
  }
})

t.test('a stopping pprofd cuts the connection', async (t) => {
  const spawned = await spawnWithHeap(t, 200_000)
  const started = startApp(t)
  const response = await ask(started, spawned.pid)
  await once(response, 'data')
  const reading = t.rejects(readAll(response), { code: 'ECONNRESET' })
  await started.app.close()
  await reading
  t.strictSame(outcomes(started), ['capture-aborted'])
})

t.test('a slow client gets it whole', async (t) => {
  const spawned = await spawnWithHeap(t, 100_000)
  const started = startApp(t)
  const response = await ask(started, spawned.pid)
  const chunks: Buffer[] = []
  for await (const chunk of response) {
    chunks.push(chunk)
    if (chunks.length < 20) await sleep(20)
  }
  checkSnapshot(t, Buffer.concat(chunks))
  t.match(response.trailers, { 'x-pprofd-pause-ms': /^\d+\.\d$/ })
  t.strictSame(outcomes(started), ['ok'])
})

async function ask({ app }: StartedApp, pid: number, encoding = 'identity') {
  const port = await listenAnywhere(app)
  const path = `/targets/${pid}/debug/heapsnapshot`
  const request = get({ port, path, agent: false, headers: { 'Accept-Encoding': encoding } })
  const [response]: IncomingMessage[] = await once(request, 'response')
  if (response === undefined) throw new Error('no response')
  return response
}

async function readAll(response: IncomingMessage): Promise<number> {
  let sizeBytes = 0
  for await (const chunk of response) sizeBytes += chunk.length
  return sizeBytes
}

function outcomes({ log }: StartedApp): readonly unknown[] {
  return log.filter(({ msg }) => msg === 'heapsnapshot capture ended').map(({ outcome }) => outcome)
}
