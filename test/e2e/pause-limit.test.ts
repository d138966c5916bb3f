// What a capture will cost its target is estimated, shown, and bounded where the operator wants it.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { runCli, startDaemon } from '../fixtures/support/daemon.ts'
import { temporaryFolder } from '../proc/temporary-folder.ts'
import { get, profileUrl, spawnProfilable } from './profilable.ts'

t.setTimeout(120_000)

t.test('an estimated pause above limits.maxPauseMs is refused, unless forced', async (t) => {
  const folder = temporaryFolder(t)
  const config = join(folder, 'pprofd.yaml')
  writeFileSync(config, 'limits:\n  maxPauseMs: 10\n')
  const env = { PPROFD_STATE_DIR: folder }
  const daemon = await startDaemon(t, {
    arguments: ['--listen', '127.0.0.1:0', '--config', config],
    env,
  })
  const target = await spawnProfilable(t, 'busy.cjs')
  const reason = new RegExp(
    `starting the profiler would stop ${target.pid} for about \\d+ to \\d+ ms, ` +
      'and limits\\.maxPauseMs is 10; force=1 does it all the same',
  )

  await t.test('over HTTP', async (t) => {
    for (const query of ['seconds=1', 'seconds=1&tree=1', 'seconds=1&force=0']) {
      const answer = await get(profileUrl(daemon.url, target, query))
      t.equal(answer.status, 409, query)
      t.match(answer.text, reason)
    }
    t.equal(target.stderr.text(), '', 'it was not signalled')
    const forced = await get(profileUrl(daemon.url, target, 'seconds=1&force=1'))
    t.equal(forced.status, 200)
    t.match(forced.headers.get('x-pprofd-start-pause-ms'), /^\d+\.\d$/, 'what it was is told')
    t.equal((await get(profileUrl(daemon.url, target, 'seconds=1&force=2'))).status, 400)
  })

  await t.test('on the command line', async (t) => {
    const out = join(folder, 'cpu.pb.gz')
    const args = ['profile', String(target.pid), '-s', '1', '-o', out, '--config', config]
    const refused = await runCli(args, { env })
    t.equal(refused.code, 1)
    t.match(refused.stderr, reason)
    t.equal((await runCli([...args, '--force'], { env })).code, 0)
  })

  await t.test('and the estimate stands in the pre-flight and in check', async (t) => {
    const preflight = await get(`${daemon.url}/targets/${target.pid}/preflight`)
    const { estimatedPause } = JSON.parse(preflight.text)
    t.ok(estimatedPause.fromMs > 0 && estimatedPause.toMs > estimatedPause.fromMs)
    const check = await runCli(['check', String(target.pid)], { env })
    t.match(
      check.stdout.toString(),
      /^pause: a CPU profile's start stops it for about \d+ to \d+ ms/m,
    )
    const json = await runCli(['check', String(target.pid), '--json'], { env })
    t.match(JSON.parse(json.stdout.toString()), {
      estimatedPause: { fromMs: Number, toMs: Number },
    })
  })
})
