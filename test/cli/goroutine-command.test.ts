// `pprofd goroutine` inside this process: of running targets and of saved dumps.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { checkValid } from '../../src/pprof/check-valid.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { runCliInProcess } from './captured-output.ts'

t.setTimeout(180_000)

const nodeArguments = ['--inspect-port=0']

t.test('goroutine prints the buckets of a running process', async (t) => {
  const { pid } = await spawnTarget(t, 'zoo-awaits.cjs', { nodeArguments })
  const target = String(pid)
  const { stdout, exitCode } = await runCliInProcess(t, ['goroutine', target])
  t.equal(exitCode, 0)
  t.match(stdout, new RegExp(`^# target: zoo-awaits\\.cjs, pid ${pid}, node v`))
  t.match(stdout, /^# suspended functions: all, counted in the process's memory$/m)
  t.match(stdout, /^4: async-function awaiting\n +main zoo-awaits\.cjs:\d+ +async waitsForShared$/m)
  t.notMatch(stdout, '\u001b', 'without colours')

  const coloured = await runCliInProcess(t, ['goroutine', target, '--colour', 'on'])
  t.match(coloured.stdout, '\u001b[')
  const matched = await runCliInProcess(t, ['goroutine', target, '-m', '^4: ', '--full-path'])
  t.match(matched.stdout, /^ +main \/.*\/zoo-awaits\.cjs:\d+ +async waitsForShared$/m)
  t.notMatch(matched.stdout, /^1: /m)
  const filtered = await runCliInProcess(t, ['goroutine', target, '-f', 'awaiting'])
  t.notMatch(filtered.stdout, /awaiting/)
  const json = await runCliInProcess(t, ['goroutine', target, '--json'])
  t.match(JSON.parse(json.stdout), { buckets: Array })
  t.same(await listeningPorts(pid), [])
})

t.test('goroutine writes every form, and reads its own text again', async (t) => {
  const { pid } = await spawnTarget(t, 'zoo-awaits.cjs', { nodeArguments })
  const folder = t.testdir()
  const cases: readonly [string, (bytes: Buffer) => boolean][] = [
    ['g.txt', (bytes) => /^goroutine \d+ \[/m.test(bytes.toString())],
    ['g.pb.gz', (bytes) => checkValid(bytes).length === 0],
    ['g.json', (bytes) => JSON.parse(bytes.toString()).buckets.length > 0],
    ['g.md', (bytes) => bytes.toString().includes('waitsForShared')],
    ['g.html', (bytes) => bytes.toString().startsWith('<!doctype html>')],
  ]
  for (const [name, isGood] of cases) {
    const file = join(folder, name)
    const { exitCode, stderr } = await runCliInProcess(t, ['goroutine', String(pid), '-o', file])
    t.equal(exitCode, 0, name)
    t.match(stderr, `wrote ${file}\n`)
    t.ok(isGood(readFileSync(file)), name)
  }
  const { stdout } = await runCliInProcess(t, ['goroutine', join(folder, 'g.txt')])
  t.match(stdout, /^4: async-function awaiting\n +main zoo-awaits\.cjs:\d+ +async waitsForShared$/m)
  const page = join(folder, 'again.html')
  await runCliInProcess(t, ['goroutine', join(folder, 'g.txt'), '--html', page])
  t.match(readFileSync(page, 'utf8'), 'waitsForShared')
})

t.test('goroutine --deep tells why functions wait', async (t) => {
  const { pid } = await spawnTarget(t, 'zoo-awaits.cjs', { nodeArguments })
  const { stdout } = await runCliInProcess(t, ['goroutine', String(pid), '--deep'])
  t.match(stdout, /^# note: it stood still for \d+ ms in all/m)
  t.match(stdout, /waits for Mutex\.queue\[/)
  t.match(stdout, /async waitsForShared$/m)
})

t.test('goroutine -s shows what changed', async (t) => {
  const { pid } = await spawnTarget(t, 'zoo-awaits.cjs', { nodeArguments })
  const { stdout } = await runCliInProcess(t, ['goroutine', String(pid), '-s', '0.5'])
  t.match(stdout, /^# in \d+(\.\d)? s: \d+ before, \d+ after \(/m)
  t.match(stdout, /^# buckets: \d+ grew, \d+ shrank, \d+ stayed and are not shown$/m)
  t.notMatch(stdout, 'waitsForShared')
})

t.test('goroutine reads what Go writes, and says what it could not read', async (t) => {
  const file = join(t.testdir(), 'go.txt')
  const dump = [
    'something before',
    'goroutine 1 [chan receive, 5 minutes]:',
    'main.main()',
    '\t/src/main.go:12 +0x1d',
    '',
    'goroutine 7 [running]:',
    'broken',
    '',
  ]
  writeFileSync(file, dump.join('\n'))
  const { stdout, stderr } = await runCliInProcess(t, ['goroutine', file])
  t.match(stdout, /^1: chan receive \[5 minutes\]/m)
  t.match(stderr, /warning: /)
  writeFileSync(file, 'nothing of that kind\n')
  const { error } = await runCliInProcess(t, ['goroutine', file])
  t.match(error, { message: `${file} holds no goroutine dump` })
})

t.test('goroutine refuses flags that make no sense', async (t) => {
  const file = join(t.testdir({ 'x.txt': 'goroutine 1 [idle]:\n' }), 'x.txt')
  const cases: readonly [readonly string[], RegExp][] = [
    [['self', '--full-path', '--rel-path'], /--full-path or --rel-path, not both/],
    [['self', '-o', 'x.svg'], /the extension names no format; use one of \.txt, \.pb\.gz/],
    [['self', '-m', '('], /--match \( is no regular expression/],
    [['self', '-f', '['], /--filter \[ is no regular expression/],
    [['self', '-s', 'soon'], /--seconds/],
    [['self', '-s', '1', '-o', 'x.txt'], /--seconds has no \.txt form/],
    [['self', '--maxmem', '1'], /--maxmem/],
    [[file, '-s', '1'], /--seconds is of a running process/],
    [['./missing.txt'], /cannot read \.\/missing\.txt/],
  ]
  for (const [args, message] of cases) {
    const { error } = await runCliInProcess(t, ['goroutine', ...args])
    t.match((error as Error | undefined)?.message, message, args.join(' '))
  }
})
