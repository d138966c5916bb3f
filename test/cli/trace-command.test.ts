// `pprofd trace`: into a file that is whole or not there.
import { readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { spawnTraced } from '../captures/traced.ts'
import { checkTrace } from '../fixtures/support/check-trace.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { runCliInProcess } from './captured-output.ts'

t.setTimeout(120_000)

t.test('writes the trace, for its owner only, and says what it cost', async (t) => {
  const spawned = await spawnTraced(t)
  const { folder, run } = setUp(t)
  for (const name of ['a.json', 'b.json.gz']) {
    const file = join(folder, name)
    const more = ['--force', '--no-source-maps', '--hz', '200', '--categories', 'v8,node.http']
    const { exitCode, error, stderr, stdout } = await run(
      spawned.pid,
      '-s',
      '0.4',
      '-o',
      file,
      ...more,
    )
    t.equal(exitCode, 0, String(error))
    t.equal(stdout, '')
    t.match(
      stderr,
      new RegExp(
        `^wrote ${file}: traced\\.cjs \\(pid ${spawned.pid}, Node v\\S+\\), which stood still for ` +
          'at most \\d+ ms at the start and \\d+ ms later\\ntry: open https://ui\\.perfetto\\.dev.*\\n$',
      ),
    )
    const bytes = readFileSync(file)
    const { metadata } = checkTrace((name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString())
    t.match(metadata('pprofd_recording'), [{ seconds: 0.4, hz: 200, categories: 'node.http,v8' }])
    t.equal(statSync(file).mode & 0o777, 0o600)
  }
  t.strictSame(await listeningPorts(spawned.pid), [spawned.ready.port])
})

t.test('without -o it is named after the target; - writes to stdout', async (t) => {
  const spawned = await spawnTraced(t)
  const { folder, run } = setUp(t)
  const before = process.cwd()
  process.chdir(folder)
  t.teardown(() => process.chdir(before))
  const short = ['-s', '0.2', '--no-source-maps']
  t.equal((await run(spawned.pid, ...short)).exitCode, 0)
  checkTrace(readFileSync(join(folder, `trace-traced.cjs-${spawned.pid}.json`)).toString())
  const piped = await run(spawned.pid, ...short, '-o', '-')
  t.equal(piped.stderr, '')
  checkTrace(piped.stdout)
})

t.test('what cannot be is said before anything is touched, and leaves no file', async (t) => {
  const spawned = await spawnTraced(t)
  const { folder, run } = setUp(t)
  const cases = [
    [
      ['-o', join(folder, 'a.txt')],
      /^-o \S+: the extension names no format; use \.json or \.json\.gz$/,
    ],
    [['--categories', 'http'], /^--categories must be none, or of .*, not "http"$/],
    [['-s', '0'], /^--seconds 0 is not allowed; give a number above 0/],
    [['--hz', '2000'], /^--hz 2000 is not allowed/],
    [['-o', join(folder, 'missing', 'a.json')], /^cannot write/],
  ] as const
  for (const [args, message] of cases) {
    t.match(await run(spawned.pid, ...args), { error: { code: 'parameter-invalid', message } })
  }
  t.equal(spawned.stderr.text(), '')
  t.strictSame(readdirSync(folder), ['pprofd.yaml'])
  const full = join(folder, 'full.json')
  symlinkSync('/dev/full', full)
  t.match(await run(spawned.pid, '-s', '0.2', '-o', full), {
    error: { code: 'parameter-invalid', message: /^cannot write \/dev\/full: ENOSPC/ },
  })
  t.strictSame(await listeningPorts(spawned.pid), [spawned.ready.port])
})

function setUp(t: Test) {
  const folder = t.testdir()
  const config = join(folder, 'pprofd.yaml')
  writeFileSync(config, 'discover: { enabled: true }\n')
  const run = (pid: number, ...args: readonly string[]) =>
    runCliInProcess(t, ['trace', String(pid), '--config', config, ...args])
  return { folder, run }
}
