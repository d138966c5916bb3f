import t from 'tap'
import { spawnProfilable } from '../e2e/profilable.ts'
import { runCli } from '../fixtures/support/daemon.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'

t.setTimeout(120_000)

t.test('ps lists Node processes and whether they can be attached to', async (t) => {
  const plain = await spawnProfilable(t, 'busy.cjs')
  const removed = await spawnTarget(t, 'sigusr1-removed.cjs')
  const inspected = await spawnTarget(t, 'idle.cjs', { nodeArguments: ['--inspect=0'] })

  const { code, stdout, stderr } = await runCli(['ps'])
  t.equal(code, 0, stderr)
  const [head, ...rows] = stdout.toString().trimEnd().split('\n')
  t.match(head, /^TARGET +PID +NAME +ATTACH +HOW$/)
  const rowOf = (pid: number) => rows.find((row) => row.startsWith(`${pid} `))
  t.match(rowOf(plain.pid), /^\d+ +\d+ +busy\.cjs +yes +by SIGUSR1$/)
  t.match(rowOf(removed.pid), /^\d+ +\d+ +sigusr1-removed\.cjs +no +SIGUSR1 would kill/)
  t.match(rowOf(inspected.pid), /^\d+ +\d+ +idle\.cjs +yes +its inspector is open$/)

  const json = await runCli(['ps', '--json'])
  const list: readonly { pid: number }[] = JSON.parse(json.stdout.toString())
  const entryOf = (pid: number) => list.find((entry) => entry.pid === pid)
  t.match(entryOf(plain.pid), { attachable: true, via: 'signal', refusal: null })
  t.match(entryOf(removed.pid), { attachable: false, via: null, refusal: /SIGUSR1 would kill/ })
  t.match(entryOf(inspected.pid), { attachable: true, port: Number })
})

t.test('check says what attaching would do, and its exit code whether it would', async (t) => {
  const plain = await spawnProfilable(t, 'busy.cjs')
  const removed = await spawnTarget(t, 'sigusr1-removed.cjs')

  const yes = await runCli(['check', String(plain.pid)])
  t.equal(yes.code, 0, yes.stderr)
  t.match(yes.stdout.toString(), /^ok +running +process \d+ runs/)
  t.match(yes.stdout.toString(), /\npprofd can attach to busy\.cjs \(pid \d+\)\.\n$/)

  const no = await runCli(['check', String(removed.pid)])
  t.equal(no.code, 1)
  t.match(no.stdout.toString(), /^NO .*SIGUSR1 would kill/m)
  t.match(
    no.stdout.toString(),
    /\npprofd would not attach to sigusr1-removed\.cjs \(pid \d+\)\.\n$/,
  )

  const json = await runCli(['check', String(removed.pid), '--json'])
  t.equal(json.code, 1)
  t.match(JSON.parse(json.stdout.toString()), { pid: removed.pid, attachable: false })

  t.equal(plain.stderr.text(), '', 'nothing was sent')
  t.ok(removed.isAlive())
})

t.test('discover.enabled: false hides what the configuration does not name', async (t) => {
  const target = await spawnProfilable(t, 'idle.cjs')
  const env = { PPROFD_DISCOVER_ENABLED: 'false' }
  const list = await runCli(['ps'], { env })
  t.equal(list.stdout.toString(), 'No Node process is running.\n')
  const check = await runCli(['check', String(target.pid)], { env })
  t.equal(check.code, 1)
  t.match(check.stderr, /^error: process \d+ is not among the configured targets/)
})
