// Many processes at once, all of which open their inspector on Node's own port 9229.
import t, { type Test } from 'tap'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import { runCli, startDaemon } from '../fixtures/support/daemon.ts'
import { holdDefaultPort } from '../fixtures/support/default-port.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { profilerThreads } from '../fixtures/support/profiler-threads.ts'
import { spawnCluster } from '../fixtures/support/spawn-cluster.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { temporaryFolder } from '../proc/temporary-folder.ts'
import { type Answer, get, profileUrl, until } from './profilable.ts'

t.setTimeout(600_000)

const skip = await holdDefaultPort(t)

t.test('the four workers of a cluster and its primary, each by itself', { skip }, async (t) => {
  const daemon = await startDaemonWithState(t)
  const cluster = await spawnCluster(t)
  const startedMs = performance.now()
  const answers = await Promise.all(
    cluster.pids.map((pid) => get(profileUrl(daemon.url, { pid }, 'seconds=2'))),
  )
  t.comment(`five captures of 2 s took ${Math.round(performance.now() - startedMs)} ms`)
  assertProfilesOf(t, answers, cluster.pids)
  await isLetGo(t, cluster.pids)
  t.ok(cluster.isAlive())
})

t.test('a whole cluster in one profile', { skip }, async (t) => {
  const daemon = await startDaemonWithState(t)
  const cluster = await spawnCluster(t)
  const startedMs = performance.now()
  const answer = await get(profileUrl(daemon.url, cluster.primary, 'seconds=2&tree=1'))
  t.comment(`a tree of five for 2 s took ${Math.round(performance.now() - startedMs)} ms`)
  t.equal(answer.status, 200, answer.text.slice(0, 200))
  const expected = cluster.pids.map(String).sort()
  t.strictSame(labelsOf(answer, 'pid'), expected, 'all five processes are in it')
  const threads = labelsOf(answer, 'thread').filter((name) => !name.startsWith('('))
  t.strictSame(threads, ['main'], 'beside the threads without JavaScript')
  await isLetGo(t, cluster.pids)
  t.ok(cluster.isAlive())
})

t.test('a cluster whose workers the signal would kill is left alone', { skip }, async (t) => {
  const daemon = await startDaemonWithState(t)
  const cluster = await spawnCluster(t, { programArguments: ['2', 'handler-removed'] })
  for (const query of ['seconds=1', 'seconds=1&tree=1']) {
    const answer = await get(profileUrl(daemon.url, cluster.primary, query))
    t.equal(answer.status, 409)
    t.match(answer.text, /passes SIGUSR1 on to cluster workers, and it would kill worker \d+/)
  }
  t.ok(cluster.isAlive())
  t.equal(cluster.primary.stderr.text(), '', 'nobody was signalled')
})

t.test('a cluster whose profiling daemon is killed is closed by the next', { skip }, async (t) => {
  const env = { PPROFD_STATE_DIR: temporaryFolder(t) }
  const daemon = await startDaemon(t, { env })
  const cluster = await spawnCluster(t)
  const lost = t.rejects(get(profileUrl(daemon.url, cluster.primary, 'seconds=60')))
  await until('it is open', async () => (await listeningPorts(cluster.primary.pid)).length === 1)
  daemon.child.kill('SIGKILL')
  await lost
  await startDaemon(t, { env })
  await isLetGo(t, cluster.pids)
  t.ok(cluster.isAlive())
})

t.test('four independent processes at once', { skip }, async (t) => {
  const daemon = await startDaemonWithState(t)
  const all = await Promise.all([1, 2, 3, 4].map(() => spawnTarget(t, 'busy.cjs')))
  const pids = all.map(({ pid }) => pid)
  const startedMs = performance.now()
  const answers = await Promise.all(
    pids.map((pid) => get(profileUrl(daemon.url, { pid }, 'seconds=3'))),
  )
  t.comment(`four captures of 3 s took ${Math.round(performance.now() - startedMs)} ms`)
  assertProfilesOf(t, answers, pids)
  await isLetGo(t, pids)
  t.ok(all.every((target) => target.isAlive()))
})

t.test('two pprofds at once work, or say in words why not', { skip }, async (t) => {
  const daemon = await startDaemonWithState(t)
  const [first, second] = [await spawnTarget(t, 'busy.cjs'), await spawnTarget(t, 'busy.cjs')]
  const pids = [first.pid, second.pid]
  const [answers, ...others] = await Promise.all([
    Promise.all(pids.map((pid) => get(profileUrl(daemon.url, { pid }, 'seconds=2')))),
    ...pids.map((pid) => profileFromShell(t, pid)),
  ])
  for (const { status, text } of answers) {
    if (status === 200) continue
    t.match(text, /^[^\n]{20,}\n$/)
    t.comment(`the daemon: ${status} ${text.trim()}`)
  }
  for (const { code, stderr } of others) {
    if (code === 0) continue
    t.match(stderr, /^error: .{20,}$/m)
    t.comment(`the command: ${stderr.trim()}`)
  }
  await isLetGo(t, pids)
  t.ok(first.isAlive() && second.isAlive())
  const again = await get(profileUrl(daemon.url, first, 'seconds=1'))
  t.equal(again.status, 200, 'afterwards everything works')
})

function startDaemonWithState(t: Test) {
  return startDaemon(t, { env: { PPROFD_STATE_DIR: temporaryFolder(t) } })
}

function profileFromShell(t: Test, pid: number) {
  const out = `${temporaryFolder(t)}/cpu.pb.gz`
  const args = ['profile', String(pid), '-s', '1', '-o', out]
  return runCli(args, { env: { PPROFD_STATE_DIR: temporaryFolder(t) } })
}

function assertProfilesOf(t: Test, answers: readonly Answer[], pids: readonly number[]): void {
  for (const [index, answer] of answers.entries()) {
    t.equal(answer.status, 200, answer.text.slice(0, 200))
    if (answer.status === 200) t.strictSame(labelsOf(answer, 'pid'), [String(pids[index])])
  }
}

/** Distinct values of a label, sorted. */
function labelsOf({ bytes }: Answer, key: string): readonly string[] {
  const labels = decodeProfile(bytes).samples.flatMap((sample) => sample.labels)
  return [...new Set(labels.filter((label) => label.key === key).map(({ str }) => str))].sort()
}

/** Workers of a cluster are watched for 15 s, in which Node may open them for its primary's sake. */
async function isLetGo(t: Test, pids: readonly number[]): Promise<void> {
  const isClean = async () => {
    const found = await Promise.all(
      pids.flatMap((pid) => [listeningPorts(pid), profilerThreads(pid)]),
    )
    return found.every((each) => each === 0 || (Array.isArray(each) && each.length === 0))
  }
  const tookMs = await until('no listener and no profiler of ours', isClean, 16_000)
  t.comment(`clean after ${Math.round(tookMs)} ms`)
}
