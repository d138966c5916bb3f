// Processes in namespaces of their own, as containers have them.
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import { childPids } from '../../src/proc/child-pids.ts'
import { checkout } from '../fixtures/support/checkout.ts'
import { pprofdEntry, startDaemon } from '../fixtures/support/daemon.ts'
import { type SpawnedProcess, spawnProcess } from '../fixtures/support/spawn-target.ts'
import { nobodyUid } from '../proc/other-user.ts'
import { temporaryFolder } from '../proc/temporary-folder.ts'
import { get, profileUrl, until } from './profilable.ts'

t.setTimeout(240_000)

const skip = missing()
const program = join(checkout, 'test/fixtures/targets/busy.cjs')

/** Starts its loopback interface, which is down in a new namespace, and becomes Node. */
const inside = ['sh', '-c', 'ip link set lo up && exec "$@"', 'sh']

interface Contained {
  /** As this side numbers it. */
  readonly pid: number
  readonly spawned: SpawnedProcess
}

/** `unshareFlags`: which namespaces are its own. `as`: a command that becomes the rest of its line. */
async function spawnContained(
  t: Test,
  unshareFlags: readonly string[],
  as: readonly string[] = [],
): Promise<Contained> {
  const line = [...unshareFlags, ...inside, ...as, process.execPath, program]
  const spawned = spawnProcess(t, 'unshare', line, {})
  await spawned.stdout.waitFor(/^ready /)
  // unshare --fork waits for what it started.
  const [child = spawned.pid] = await childPids(spawned.pid)
  return { pid: child, spawned }
}

/** Sockets that listen in the namespace of the process. */
function listenersInside(pid: number): string {
  return execFileSync('nsenter', ['-t', String(pid), '-n', 'ss', '-Hltn']).toString()
}

for (const [what, flags, pidInside] of [
  ['a network namespace', ['--net'], undefined],
  ['pid and network namespaces', ['--pid', '--fork', '--mount-proc', '--net', '--kill-child'], 1],
] as const) {
  t.test(`a process in ${what} of its own is profiled`, { skip }, async (t) => {
    const daemon = await startDaemon(t, { env: { PPROFD_STATE_DIR: temporaryFolder(t) } })
    const { pid, spawned } = await spawnContained(t, flags)
    if (pidInside !== undefined) {
      const seen = JSON.parse(spawned.stdout.text().replace('ready ', ''))
      t.strictSame(seen, { pid: pidInside }, 'it has a pid of its own')
    }
    const preflight = await get(`${daemon.url}/targets/${pid}/preflight`)
    t.match(JSON.parse(preflight.text), {
      attachable: true,
      checks: [{}, {}, { name: 'network', detail: /reached through nsenter/ }],
    })
    for (const round of [1, 2]) {
      const answer = await get(profileUrl(daemon.url, { pid }, 'seconds=1'))
      t.equal(answer.status, 200, `round ${round}: ${answer.text.slice(0, 300)}`)
      const { samples, functions } = decodeProfile(answer.bytes)
      t.ok(samples.length > 0)
      t.ok(functions.some(({ name }) => name.includes('burnSixty')))
      t.equal(listenersInside(pid), '', 'nothing listens inside any more')
    }
    const relays = async () => (await childPids(daemon.pid)).length
    await until('the relays have ended', async () => (await relays()) === 0)
    t.ok(spawned.isAlive())
    t.match(spawned.stderr.text(), /Debugger listening on ws:\/\/127\.0\.0\.1:9229\//)
  })
}

t.test('ports of different namespaces do not collide', { skip }, async (t) => {
  const daemon = await startDaemon(t, { env: { PPROFD_STATE_DIR: temporaryFolder(t) } })
  const both = [await spawnContained(t, ['--net']), await spawnContained(t, ['--net'])]
  const answers = await Promise.all(
    both.map((one) => get(profileUrl(daemon.url, one, 'seconds=1'))),
  )
  t.strictSame(
    answers.map(({ status }) => status),
    [200, 200],
  )
})

for (const [who, as] of [
  ['root without CAP_SYS_ADMIN', ['setpriv', '--bounding-set=-sys_admin']],
  ['a user', ['setpriv', `--reuid=${nobodyUid}`, `--regid=${nobodyUid}`, '--clear-groups']],
] as const) {
  t.test(`${who} is told what is missing to enter it`, { skip }, async (t) => {
    const stateFolder = temporaryFolder(t)
    chownSync(stateFolder, nobodyUid, nobodyUid)
    chmodSync(stateFolder, 0o700)
    const isUser = who === 'a user'
    const { pid, spawned } = await spawnContained(t, ['--net'], isUser ? as : [])
    const line = [process.execPath, pprofdEntry, 'profile', String(pid), '-s', '1', '-o', '-']
    const command = spawnProcess(t, 'setpriv', [...as.slice(1), ...line], {
      env: { PPROFD_STATE_DIR: stateFolder },
    })
    t.match(await command.waitForExit(20_000), { code: 1 })
    t.match(
      command.stderr.text(),
      /^error: .*is in another network namespace \(a container\), and pprofd lacks CAP_SYS_ADMIN to enter it; run pprofd as root; or run pprofd inside it$/m,
    )
    t.equal(spawned.stderr.text(), '', 'it was not signalled')
    t.ok(spawned.isAlive())
  })
}

function missing(): string | false {
  if (process.getuid?.() !== 0) return 'needs root, to make namespaces'
  try {
    execFileSync('unshare', ['--net', '--pid', '--fork', '--mount-proc', 'ip', 'link'])
    execFileSync('setpriv', ['--version'])
    execFileSync('ss', ['--version'])
    return false
  } catch (error) {
    return `no namespaces here: ${String(error).slice(0, 200)}`
  }
}
