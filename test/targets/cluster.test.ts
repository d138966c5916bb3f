import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { freePort } from '../fixtures/support/free-port.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { newTargets, targetOf, until } from './new-targets.ts'

const program = fileURLToPath(new URL('./programs/cluster-primary.cjs', import.meta.url))
t.setTimeout(300_000)

async function spawnCluster(t: Test, node: string, programArguments: readonly string[] = []) {
  // Node numbers the workers' ports from the primary's, which 0 is too low for.
  const nodeArguments = [`--inspect-port=${await freePort()}`]
  const primary = await spawnTarget(t, program, { node, nodeArguments, programArguments })
  const line = primary.stdout.lines().find((line) => line.startsWith('workers ')) ?? ''
  const workers: number[] = JSON.parse(line.slice('workers '.length))
  return { primary, workers }
}

const isAlive = (pid: number) => existsSync(`/proc/${pid}/exe`)

for (const major of nodeMajors) {
  const { path: node = '', reason } = await nodeBinary(major)
  const skip = reason ?? false

  t.test(`a cluster primary of Node ${major} leaves no worker open`, { skip }, async (t) => {
    const targets = newTargets(t)
    const { primary, workers } = await spawnCluster(t, node)
    const attachment = await targets.attach(await targetOf(targets, primary))
    await attachment.detach()
    // Node hands the signal on; some milliseconds later the workers have opened theirs.
    await sleep(1000)
    const allShut = async () => {
      const ports = await Promise.all([primary.pid, ...workers].map(listeningPorts))
      return ports.flat().length === 0
    }
    t.ok(await until(allShut), 'every inspector is shut again')
    t.ok([primary.pid, ...workers].every(isAlive))
  })

  t.test(`a cluster worker of Node ${major} is attached to alone`, { skip }, async (t) => {
    const targets = newTargets(t)
    const { primary, workers } = await spawnCluster(t, node)
    const [worker = 0, other = 0] = workers
    const attachment = await targets.attach(await targets.resolve(String(worker)))
    t.strictSame(await listeningPorts(primary.pid), [])
    t.strictSame(await listeningPorts(other), [])
    await attachment.detach()
    t.strictSame(await listeningPorts(worker), [])
  })
}

t.test('a primary whose workers the signal would kill is refused', async (t) => {
  const targets = newTargets(t)
  const { primary, workers } = await spawnCluster(t, process.execPath, ['unprepared'])
  const target = await targetOf(targets, primary)
  await t.rejects(targets.attach(target), {
    code: 'target-refused',
    message: /Node passes SIGUSR1 on to cluster workers, and it would kill worker \d+/,
  })
  await sleep(100)
  t.ok([primary.pid, ...workers].every(isAlive))
  t.equal(primary.stderr.text(), '')
})
