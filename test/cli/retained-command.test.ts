// `pprofd retained` of a process and of a saved snapshot.
import { mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { checkValid } from '../../src/pprof/check-valid.ts'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import { writeSnapshot } from '../convert/heap-graph/snapshots.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { runCliInProcess } from './captured-output.ts'

t.setTimeout(180_000)

t.test('of a running process, written where -o says', async (t) => {
  const target = await spawnTarget(t, 'idle.cjs', { nodeArguments: ['--inspect-port=0'] })
  const file = join(t.testdir(), 'who.pb.gz')
  const result = await runCliInProcess(t, ['retained', String(target.pid), '-o', file])
  t.equal(result.exitCode, 0, String(result.error))
  t.match(
    result.stderr,
    new RegExp(
      `^wrote ${file}: \\d+ objects of \\d+\\.\\d MB in idle\\.cjs \\(pid ${target.pid}, Node v\\S+\\), ` +
        `which stood still for at most \\d+ ms\ntry: go tool pprof -http=: ${file}\n$`,
    ),
  )
  t.strictSame(checkValid(readFileSync(file), { nowMs: Date.now() }), [])
  t.equal(statSync(file).mode & 0o777, 0o600, 'only for the user')
  t.strictSame(await listeningPorts(target.pid), [])
})

t.test('of a snapshot that Node wrote, as old as the file is', async (t) => {
  const program =
    'class Leak { constructor() { this.data = new Array(1000).fill(0.5) } }; globalThis.leak = new Leak()'
  const snapshot = await writeSnapshot(t, process.execPath, program)
  const takenAt = new Date('2024-05-06T07:08:09Z')
  utimesSync(snapshot, takenAt, takenAt)
  const file = `${snapshot}.pb.gz`
  const result = await runCliInProcess(t, ['retained', snapshot, '-o', file])
  t.equal(result.exitCode, 0, String(result.error))
  t.match(result.stderr, /^wrote .*: \d+ objects of \d\.\d MB in \S+\/heap\.heapsnapshot\ntry: /)
  const profile = decodeProfile(readFileSync(file))
  t.equal(profile.timeNanos, BigInt(takenAt.getTime()) * 1_000_000n)
  t.equal(profile.comments[0], 'heap snapshot heap.heapsnapshot')
  t.ok(profile.functions.some(({ name }) => name === 'leak: Leak'))

  const piped = await runCliInProcess(t, ['retained', snapshot, '-o', '-'])
  t.equal(piped.exitCode, 0)
  t.equal(piped.stderr, '')
})

t.test('what cannot be read, written or shown is said before anything else', async (t) => {
  const folder = t.testdir({ 'broken.heapsnapshot': '{"snapshot":' })
  mkdirSync(join(folder, 'folder.heapsnapshot'))
  writeFileSync(join(folder, 'text.heapsnapshot'), 'hello')
  const cases = [
    ['missing.heapsnapshot', [], { code: 'parameter-invalid', message: /^cannot read .*ENOENT/ }],
    ['folder.heapsnapshot', [], { message: /EISDIR/ }],
    ['broken.heapsnapshot', [], { code: 'recording-invalid', message: /it ends too early/ }],
    [
      'text.heapsnapshot',
      [],
      { code: 'recording-invalid', message: /not the JSON that V8 writes/ },
    ],
    ['text.heapsnapshot', ['-o', '/nowhere/x.pb.gz'], { message: /^cannot write \/nowhere/ }],
  ] as const
  for (const [name, flags, error] of cases) {
    const result = await runCliInProcess(t, ['retained', join(folder, name), ...flags])
    t.match(result.error, error, `${name} ${flags.join(' ')}`)
  }
  const terminal = await runCliInProcess(t, ['retained', 'x.heapsnapshot', '-o', '-'], {
    isTerminal: true,
  })
  t.match(terminal.error, { message: /binary data to the terminal/ })
})
