// Workers of a cluster that was started with a port of its own: Node numbers theirs from it.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { freePort } from '../fixtures/support/free-port.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { spawnCluster } from '../fixtures/support/spawn-cluster.ts'
import { newTargets, until } from './new-targets.ts'

t.setTimeout(120_000)

t.test('each worker keeps the port that is its own', async (t) => {
  const targets = newTargets(t)
  const nodeArguments = [`--inspect-port=${await freePort()}`]
  const cluster = await spawnCluster(t, { nodeArguments, programArguments: ['2'] })
  const attachments = await Promise.all(
    cluster.pids.map(async (pid) => targets.attach(await targets.resolve(String(pid)))),
  )
  await Promise.all(attachments.map((attachment) => attachment.detach()))
  const allPorts = async () => (await Promise.all(cluster.pids.map(listeningPorts))).flat()
  t.ok(await until(async () => (await allPorts()).length === 0), 'all are shut')
  t.equal(await targets.close(), 0)
  for (const pid of cluster.workerPids) {
    // The primary's own flag comes first in its workers, theirs after it.
    const flags = readFileSync(`/proc/${pid}/cmdline`, 'utf8').matchAll(/--inspect-port=(\d+)/g)
    const own = [...flags].at(-1)?.[1]
    process.kill(pid, 'SIGUSR1')
    t.ok(await until(async () => (await listeningPorts(pid)).length === 1))
    t.strictSame(await listeningPorts(pid), [Number(own)])
  }
  t.ok(cluster.isAlive())
})
