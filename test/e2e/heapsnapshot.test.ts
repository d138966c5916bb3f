// Heap snapshots through the built daemon: of itself, and beside other requests.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { checkSnapshot, marker, spawnWithHeap } from '../captures/heap-snapshots.ts'
import { startDaemon } from '../fixtures/support/daemon.ts'
import { isAsBefore } from '../targets/new-targets.ts'
import { get } from './profilable.ts'

t.setTimeout(120_000)

t.test('the daemon takes one of itself', async (t) => {
  const { url } = await daemonThatMay(t)
  const answer = await get(`${url}/targets/self/debug/heapsnapshot`)
  t.equal(answer.status, 200)
  const { snapshot } = checkSnapshot(t, answer.bytes)
  t.ok(snapshot.node_count > 100_000)
  t.equal((await get(`${url}/healthz`)).status, 200)
})

t.test('others are answered while one is taken', async (t) => {
  const spawned = await spawnWithHeap(t, 100_000)
  const { url } = await daemonThatMay(t)
  const snapshot = get(`${url}/targets/${spawned.pid}/debug/heapsnapshot`)
  let isDone = false
  void snapshot.then(() => {
    isDone = true
  })
  for (let count = 0; count < 5; count++) {
    t.equal((await get(`${url}/targets/${spawned.pid}/memory?v8=0`)).status, 200)
  }
  t.notOk(isDone, 'it is still being taken')
  const { status, bytes } = await snapshot
  t.equal(status, 200)
  t.ok(checkSnapshot(t, bytes).strings.includes(marker))
  await isAsBefore(t, spawned)
})

t.test('without being allowed it is refused', async (t) => {
  const { url } = await startDaemon(t)
  const answer = await get(`${url}/targets/self/debug/heapsnapshot?force=1`)
  t.equal(answer.status, 403)
  t.match(answer.text, /heapsnapshot is not among its profiles/)
})

function daemonThatMay(t: Test) {
  const config = join(t.testdir(), 'pprofd.yaml')
  writeFileSync(config, 'profiles: [heapsnapshot]\n')
  return startDaemon(t, { arguments: ['--config', config, '--listen', '127.0.0.1:0'] })
}
