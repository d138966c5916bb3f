// `pprofd wall` as a shell starts it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { checkValid } from '../../src/pprof/check-valid.ts'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import { spawnProfilable } from '../e2e/profilable.ts'
import { runCli } from '../fixtures/support/daemon.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'

t.setTimeout(60_000)

t.test('writes time on and off the CPU, in the form that the file asks for', async (t) => {
  const target = await spawnProfilable(t, 'busy.cjs')
  const wall = (...args: readonly string[]) =>
    runCli(['wall', String(target.pid), '-s', '0.5', ...args])
  const pprof = join(t.testdir(), 'wall.pb.gz')
  const written = await wall('-o', pprof)
  t.equal(written.code, 0, written.stderr)
  t.match(written.stderr, `wrote ${pprof}: busy.cjs`)
  t.match(written.stderr, `try: go tool pprof -http=: ${pprof}`)
  const bytes = readFileSync(pprof)
  t.same(checkValid(bytes), [])
  t.equal(decodeProfile(bytes).defaultSampleType, 'time')
  t.match(decodeProfile(bytes).comments.join('\n'), 'rate: 99 Hz asked')
  const collapsed = join(t.testdirName, 'wall.folded')
  t.equal((await wall('--hz', '500', '-o', collapsed)).code, 0)
  t.match(readFileSync(collapsed, 'utf8'), /^\(idle\) \d+$/m)
  const wrong = await wall('-o', join(t.testdirName, 'wall.cpuprofile'))
  t.equal(wrong.code, 2)
  t.match(wrong.stderr, 'the extension names no format; use one of .pb.gz, .collapsed, or --format')
  t.same(await listeningPorts(target.pid), [])
})
