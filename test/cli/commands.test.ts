// The commands inside this process; as a shell runs them they are tested in the other files. None
// profiles `self` here: V8 has one profiler a process, and it also measures the coverage.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { InputError, TargetError } from '../../src/errors.ts'
import { spawnProfilable } from '../e2e/profilable.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { runCliInProcess } from './captured-output.ts'

t.setTimeout(120_000)

t.test('profile writes a file and tells the terminal how far it is', async (t) => {
  const target = await spawnProfilable(t, 'busy.cjs')
  const file = join(t.testdir(), 'cpu.collapsed')
  const args = ['profile', String(target.pid), '-s', '0.5', '-o', file]
  const { exitCode, stdout, stderr } = await runCliInProcess(t, args, { isTerminal: true })
  t.equal(exitCode, 0)
  t.equal(stdout, '')
  t.match(readFileSync(file, 'utf8'), /burnSixty \d+\n/)
  const screen = stderr.replaceAll('\u001b[K', '<clear>')
  t.match(screen, /\rbusy\.cjs: recording \[#*\.+\] 0\.\d of 0\.5 s<clear>/)
  t.match(screen, /\r<clear>wrote .* at the end\n$/)
  t.same(await listeningPorts(target.pid), [])
})

t.test('profile writes to stdout, but nothing binary to a terminal', async (t) => {
  const { pid } = await spawnProfilable(t, 'busy.cjs')
  const args = ['profile', String(pid), '-s', '0.2', '-o', '-']
  const refused = await runCliInProcess(t, args, { isTerminal: true })
  t.match(refused.error, {
    code: 'parameter-invalid',
    tryNext: `pprofd profile ${pid} -o cpu.pb.gz`,
  })
  const written = await runCliInProcess(t, [...args, '--format', 'markdown'])
  t.equal(written.exitCode, 0)
  t.match(written.stdout, /^# /)
  t.equal(written.stderr, '')
})

t.test('profile names the file after the target where -o does not', async (t) => {
  const target = await spawnProfilable(t, 'idle.cjs')
  const before = process.cwd()
  process.chdir(t.testdir())
  t.teardown(() => process.chdir(before))
  const { exitCode, stderr } = await runCliInProcess(t, [
    'profile',
    String(target.pid),
    '-s',
    '0.2',
  ])
  t.equal(exitCode, 0)
  t.ok(existsSync(`cpu-idle.cjs-${target.pid}.pb.gz`), stderr)
  t.match(stderr, `\ntry: go tool pprof -http=: cpu-idle.cjs-${target.pid}.pb.gz\n`)
})

t.test('ps and check print text and JSON', async (t) => {
  const target = await spawnProfilable(t, 'idle.cjs')
  const removed = await spawnTarget(t, 'sigusr1-removed.cjs')
  const open = await spawnTarget(t, 'idle.cjs', { nodeArguments: ['--inspect=0'] })
  const list = await runCliInProcess(t, ['ps'])
  t.match(list.stdout, new RegExp(`^${target.pid} .* yes +by SIGUSR1$`, 'm'))
  t.match(list.stdout, new RegExp(`^${open.pid} .* yes +its inspector is open$`, 'm'))
  t.match(list.stdout, new RegExp(`^${removed.pid} .* no +SIGUSR1 would kill`, 'm'))
  const json = await runCliInProcess(t, ['ps', '--json'])
  t.ok(JSON.parse(json.stdout).some(({ pid }: { pid: number }) => pid === target.pid))

  const yes = await runCliInProcess(t, ['check', String(target.pid)])
  t.equal(yes.exitCode, 0)
  t.match(yes.stdout, /pprofd can attach to idle\.cjs/)
  const no = await runCliInProcess(t, ['check', String(removed.pid)])
  t.equal(no.exitCode, 1)
  t.match(no.stdout, /^NO /m)
  const detail = await runCliInProcess(t, ['check', 'self', '--json'])
  t.match(JSON.parse(detail.stdout), { kind: 'self', attachable: true })
})

t.test('config prints what the flags and the file give', async (t) => {
  const file = join(t.testdir({ 'p.yaml': 'discover: { enabled: false }\n' }), 'p.yaml')
  const args = ['config', '--config', file, '--limits.captures', '7', '--no-enabled']
  const { exitCode, stdout } = await runCliInProcess(t, args)
  t.equal(exitCode, 0)
  for (const line of [
    /^enabled: false$/m,
    /^discover:\n {2}enabled: false$/m,
    /^ {2}captures: 7$/m,
  ]) {
    t.match(stdout, line)
  }
  t.equal(
    (await runCliInProcess(t, ['ps', '--config', file])).stdout,
    'No Node process is running.\n',
  )
})

t.test('usage errors and failures are thrown for main.ts to report', async (t) => {
  const cases = [
    { args: ['bogus'], error: { code: 'parameter-invalid', tryNext: 'pprofd --help' } },
    { args: ['profile', 'self', '-s'], error: { message: 'Not enough arguments following: s' } },
    { args: ['profile', 'self', '-o', 'a.zip'], error: { code: 'parameter-invalid' } },
    {
      args: ['profile', 'self', '-o', '/no/such/a.md'],
      error: { message: /^cannot write \/no\/such/ },
    },
    { args: ['profile', 'self', '--format', 'gif'], error: { message: /^[^\n]+$/ } },
    { args: ['config', '--listen', 'x'], error: { code: 'config-invalid' } },
  ]
  for (const { args, error } of cases) {
    const result = await runCliInProcess(t, args)
    t.type(result.error, InputError, args.join(' '))
    t.match(result.error, error)
  }
  t.type((await runCliInProcess(t, ['check', 'nobody'])).error, TargetError)
})

t.test('--help lists the commands', async (t) => {
  const { exitCode, stdout } = await runCliInProcess(t, ['--help'])
  t.equal(exitCode, 0)
  for (const name of ['serve', 'ps', 'check', 'profile', 'config']) {
    t.match(stdout, new RegExp(`^ +pprofd ${name}\\b`, 'm'))
  }
})
