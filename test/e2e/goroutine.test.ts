// What every piece of work does or waits for: through the daemon, by go tool pprof and by one command.
import { join } from 'node:path'
import t from 'tap'
import { checkout } from '../fixtures/support/checkout.ts'
import { runCli, startDaemon } from '../fixtures/support/daemon.ts'
import { goMissing, goPprof } from '../fixtures/support/go-pprof.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { spawnProfilable } from './profilable.ts'

const skip = (await goMissing()) ?? false

t.setTimeout(300_000)

t.test('go tool pprof reads goroutine profiles, debug=1 too', { skip }, async (t) => {
  const daemon = await startDaemon(t)
  const target = await spawnProfilable(t, 'zoo-awaits.cjs')
  const url = `${daemon.url}/targets/${target.pid}/debug/pprof/goroutine`
  for (const query of ['', '?debug=1']) {
    const { code, stdout, stderr } = await goPprof(t, ['-traces', `${url}${query}`])
    t.equal(code, 0, stderr)
    t.match(stdout, /^ +4 +\S*zoo-awaits\.waitsForShared$/m, query)
    t.match(
      stdout,
      /^ +3 +\S*zoo-awaits\.chainLeaf\n +\S*zoo-awaits\.chainMiddle\n +\S*zoo-awaits\.chainTop$/m,
      query,
    )
  }
  const { stdout } = await goPprof(t, ['-tags', url])
  t.match(stdout, /^ *kind: Total \d+ of/m)
  t.match(stdout, /async-function/)
  t.same(await listeningPorts(target.pid), [])
})

t.test('one command shows who waits for what in a deadlock', async (t) => {
  const bank = await spawnProfilable(t, join(checkout, 'demo', 'deadlock', 'bank.mjs'))
  const { port } = bank.ready as unknown as { readonly port: number }
  const waiting = [1, 2, 3].map(() =>
    fetch(`http://127.0.0.1:${port}/balance/alice`).catch(() => undefined),
  )
  await new Promise((resolve) => setTimeout(resolve, 500))
  const { code, stdout, stderr } = await runCli(['goroutine', String(bank.pid)])
  t.equal(code, 0, stderr)
  const text = String(stdout)
  for (const name of ['payRent', 'payWages']) {
    t.match(
      text,
      new RegExp(
        `^1: async-function awaiting\\n +main lock\\.mjs:7 +async Lock\\.acquire\\n +main bank\\.mjs:15 +async transfer\\n +main bank\\.mjs:\\d+ +async ${name}$`,
        'm',
      ),
    )
  }
  t.match(
    text,
    /^3: async-function awaiting\n +main lock\.mjs:7 +async Lock\.acquire\n +main bank\.mjs:\d+ +async readBalance\n +main bank\.mjs:\d+ +async answer$/m,
  )
  // The list of operations may take 5 ms of the target: a machine with other work cuts it short.
  const isCut = /^# cut: \d of \d Socket shown$/m.test(text)
  const requests = isCut ? '[1-3]' : '3'
  t.match(
    text,
    new RegExp(`^${requests}: http-server-request handler-pending .*GET /balance/alice`, 'm'),
  )
  t.same(await listeningPorts(bank.pid), [port], 'only its own server listens')
  bank.child.kill('SIGKILL')
  await Promise.all(waiting)
})
