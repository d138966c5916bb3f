// `pprofd heapsnapshot`: into a file that is whole or not there.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { checkSnapshot, marker, spawnWithHeap } from '../captures/heap-snapshots.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { runCliInProcess } from './captured-output.ts'

t.setTimeout(120_000)

t.test('writes the snapshot, for its owner only, and says what it cost', async (t) => {
  const spawned = await spawnWithHeap(t, 1000)
  const { folder, run } = setUp(t)
  for (const name of ['a.heapsnapshot', 'b.heapsnapshot.gz']) {
    const file = join(folder, name)
    const { exitCode, error, stderr, stdout } = await run(spawned.pid, '-o', file)
    t.equal(exitCode, 0, String(error))
    t.equal(stdout, '')
    const hint = name.endsWith('.gz') ? '' : `try: pprofd retained ${file}\n`
    t.match(
      stderr,
      new RegExp(
        `^wrote ${file}: \\d+\\.\\d MB of obeys-lines\\.cjs \\(pid ${spawned.pid}, Node v\\S+\\), ` +
          `which stood still for at most \\d+ ms\n${hint}$`,
      ),
    )
    const bytes = readFileSync(file)
    const json = name.endsWith('.gz') ? gunzipSync(bytes) : bytes
    t.ok(checkSnapshot(t, json).strings.includes(marker))
    t.equal(statSync(file).mode & 0o777, 0o600)
  }
  t.strictSame(readdirSync(folder).sort(), ['a.heapsnapshot', 'b.heapsnapshot.gz', 'pprofd.yaml'])
  t.strictSame(await listeningPorts(spawned.pid), [])
})

t.test('- writes to stdout, but to no terminal; a terminal sees how far it is', async (t) => {
  const spawned = await spawnWithHeap(t, 1000)
  const { folder, run } = setUp(t)
  const piped = await run(spawned.pid, '-o', '-')
  t.equal(piped.stderr, '')
  checkSnapshot(t, Buffer.from(piped.stdout))
  const args = ['heapsnapshot', String(spawned.pid), '--config', join(folder, 'pprofd.yaml')]
  const refused = await runCliInProcess(t, [...args, '-o', '-'], { isTerminal: true })
  t.match(refused.error, { code: 'parameter-invalid', message: /terminal/ })
  const file = join(folder, 'c.heapsnapshot')
  const drawn = await runCliInProcess(t, [...args, '-o', file], { isTerminal: true })
  t.match(drawn.stderr, /: recording /)
  checkSnapshot(t, readFileSync(file))
})

t.test('without -o it is named after the target', async (t) => {
  const spawned = await spawnWithHeap(t, 0)
  const { folder, run } = setUp(t)
  const before = process.cwd()
  process.chdir(folder)
  t.teardown(() => process.chdir(before))
  t.equal((await run(spawned.pid)).exitCode, 0)
  checkSnapshot(t, readFileSync(join(folder, `heap-obeys-lines.cjs-${spawned.pid}.heapsnapshot`)))
})

t.test('what cannot be written, or is refused, leaves no file', async (t) => {
  const spawned = await spawnWithHeap(t, 0)
  const { folder, run } = setUp(t, 'limits: { maxPauseMs: 50 }')
  const file = join(folder, 'a.heapsnapshot')
  t.match(await run(spawned.pid, '-o', file), { error: { code: 'pause-too-long' } })
  t.match(await run(spawned.pid, '--force', '-o', '/dev/full'), {
    error: { code: 'parameter-invalid', message: /^cannot write \/dev\/full: ENOSPC/ },
  })
  t.match(await run(spawned.pid, '--force', '--thread', 'pool#9', '-o', file), {
    error: { code: 'parameter-invalid', message: /^thread must be one of main/ },
  })
  t.match(await run(spawned.pid, '-o', join(folder, 'missing', 'a')), {
    error: { code: 'parameter-invalid', message: /^cannot write/ },
  })
  t.strictSame(readdirSync(folder), ['pprofd.yaml'])
  t.ok(spawned.isAlive())
})

function setUp(t: Test, options = '') {
  const folder = t.testdir()
  const config = join(folder, 'pprofd.yaml')
  writeFileSync(config, `profiles: [heapsnapshot]\n${options}\n`)
  const run = (pid: number, ...args: readonly string[]) =>
    runCliInProcess(t, ['heapsnapshot', String(pid), '--config', config, ...args])
  return { folder, run }
}
